"""Fixtures of the command-line tests."""

from cli.support import refused, run

__all__ = ["refused", "run"]
