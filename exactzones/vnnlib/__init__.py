"""Properties in the VNN-LIB format: ``reader`` turns a file into cases, ``formula`` is the syntax."""
