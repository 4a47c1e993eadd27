"""The command line as tests/cli runs it."""

from cli.support import refused, run

__all__ = ["refused", "run"]
