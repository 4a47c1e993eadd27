"""Search for a point at which a property holds.  Floats guess; the point is confirmed exactly."""
