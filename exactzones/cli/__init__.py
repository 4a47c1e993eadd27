"""The command line.

To add a command, copy ``evaluate.py``, the shortest one: a module with the command's function, registered in the table of
commands in ``commands.py``.  ``options.py`` has the options that commands share, ``outputs.py`` what they write and print,
``search.py`` the search for zones with a budget and workers.  ``main.py`` is where all of them start and end: with signals
(``stopping.py``), standard streams (``streams.py``) and exit codes.
"""

from exactzones.cli.main import main

__all__ = ["main"]
