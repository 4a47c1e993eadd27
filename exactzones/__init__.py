"""Exact activation zones of ReLU networks."""

__version__ = "0.1.0"
