"""How zones are found: two engines, and the stream of zones that each of them yields."""
