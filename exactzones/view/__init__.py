"""Interactive pages of activation zones: one HTML file each, which needs no network and no server.

Whatever the page says is computed here, exactly, and travels as text; the floats that travel beside it only draw.
"""

from exactzones.view.pages import check_shown, page, save
from exactzones.view.points import Points, read_points
from exactzones.view.slices import cut_through, embedding

__all__ = ["Points", "check_shown", "cut_through", "embedding", "page", "read_points", "save"]
