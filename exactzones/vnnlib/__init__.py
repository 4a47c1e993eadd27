"""Properties in the VNN-LIB format: ``reader`` turns a file into cases; ``syntax`` and ``conditions`` read its text."""
