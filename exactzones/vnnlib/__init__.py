"""Read VNN-LIB properties."""
