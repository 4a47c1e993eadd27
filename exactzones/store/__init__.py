"""Zones on disk: millions of them as Parquet files, written while they are found, read without a search."""

from exactzones.store.engine_choice import ENGINES
from exactzones.store.exporting import export
from exactzones.store.reading import Neighbour, ZoneStore
from exactzones.store.writing import store_zones

__all__ = ["ENGINES", "Neighbour", "ZoneStore", "export", "store_zones"]
