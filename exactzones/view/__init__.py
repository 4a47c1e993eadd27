"""Interactive pages of activation zones: one HTML file each, which needs neither a server nor an internet connection.

All numbers on a page are computed here, exactly, and embedded as text; the floats embedded with them only draw the picture.
"""

from exactzones.view.pages import check_shown, page, save
from exactzones.view.points import Points, read_points
from exactzones.view.slices import cut_through, embedding

__all__ = ["Points", "check_shown", "cut_through", "embedding", "page", "read_points", "save"]
