"""Search for a point at which a property holds: floats guess, exact evaluation confirms."""
