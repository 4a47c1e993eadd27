"""Features of a layer, or of a sparse autoencoder on top of it: dead, together, strongest, nearest, and where no data is."""

from exactzones.features.features import Features
from exactzones.features.islands import FeatureIsland

__all__ = ["FeatureIsland", "Features"]
