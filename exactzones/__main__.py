"""``python -m exactzones``."""

from exactzones.cli import main

main()
