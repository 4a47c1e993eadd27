"""Interruptions at a given step of what functions do."""


class Interruption:
    """Wraps functions; raises KeyboardInterrupt at one of the times at which any of them is called or returns.

    Attributes:
        left: how many times until then; 0 if it is over.
    """

    def __init__(self, step):
        self.left = step

    def __call__(self, function):
        """Return a function that does the same, but may be interrupted."""

        def call(*arguments, **options):
            self._count()
            result = function(*arguments, **options)
            self._count()
            return result

        return call

    def _count(self):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
