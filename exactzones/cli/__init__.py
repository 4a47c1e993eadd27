"""The command line: ``exactzones zones | certify | check | view | eval | info | proptest``."""

from exactzones.cli.main import main

__all__ = ["main"]
