"""Sizes up to which exact and exponential methods are used; beyond them they would take too long."""

EXACT_PROGRAM_INPUTS = 32
"""Inputs up to which linear programs for a maximum are solved by exact arithmetic only; with more, floats find the basis."""
FEASIBILITY_INPUTS = 40
"""Inputs up to which an exact linear program looks for an interior point of a domain; with more it may take minutes."""
BOUNDING_INPUTS = 12
"""Inputs up to which exact linear programs bound a domain: two of them for each input."""
WITNESS_CELL_INPUTS = 12
"""Inputs up to which the search for a witness solves a property exactly in single cells: many linear programs."""
WITNESS_CELL_UNITS = 1000
"""Hidden units up to which it does so: each is a row of the cell."""
CELL_SEARCH_INPUTS = 9
"""Varying inputs up to which cells are searched: a box of d inputs has 2^d vertices."""
EXACT_PROVER_SIZE = 6500
"""Units times inputs up to which the exact prover is the last resort: it solves linear programs for every unit."""
EXACT_SECONDS_PER_WEIGHT = 4e-5
"""About what exact back-substitution takes on a common machine, by the prover and the checker together."""
EXACT_POINT_SECONDS = 60.0
"""Seconds that it may take so on a single point."""
