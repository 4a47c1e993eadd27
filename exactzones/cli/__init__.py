"""The command line: ``exactzones zones | eval | info | proptest``."""

from exactzones.cli.main import main

__all__ = ["main"]
