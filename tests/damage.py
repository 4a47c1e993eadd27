"""Files that were damaged on the way."""


def damaged(data, generator):
    """Return bytes with one to three places changed: a bit, a byte, some bytes gone, some that came twice.

    Args:
        data: at least a few bytes.
        generator: a ``random.Random``.
    """
    found = bytearray(data)
    for _ in range(generator.randint(1, 3)):
        place = generator.randrange(len(found))
        kind = generator.randrange(4)
        if kind == 0:
            found[place] ^= 1 << generator.randrange(8)
        elif kind == 1:
            found[place] = generator.randrange(256)
        elif kind == 2:
            del found[place : place + generator.randint(1, 8)]
        else:
            found[place:place] = found[generator.randrange(len(found)) :][: generator.randint(1, 8)]
    return bytes(found)
