"""Fixtures for the command line."""

from cli.support import refused, run

__all__ = ["refused", "run"]
