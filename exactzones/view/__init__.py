"""Interactive pages of activation zones: one HTML file each, which needs neither a server nor an internet connection.

This package computes all numbers on a page exactly and embeds them as text; floats are embedded only to draw the picture.
"""

from exactzones.view.pages import PAGES, check_shown, page, save
from exactzones.view.points import Points, read_points
from exactzones.view.slices import cut_through, embedding
from exactzones.view.slides import Slides, read_slide

__all__ = ["PAGES", "Points", "Slides", "check_shown", "cut_through", "embedding", "page", "read_points", "read_slide", "save"]
