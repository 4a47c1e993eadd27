"""What tests do with a page in a browser: read texts and colours, point, wait."""

import pytest


def text_at(tab, where):
    """Return the text of an element, with minus signs as hyphens."""
    return tab.locator(where).inner_text().replace("\N{MINUS SIGN}", "-")


def screen(tab, x, y):
    """Where a point of the plane is on the screen."""
    return tab.evaluate(
        """([x, y]) => { const { view } = exactzones, box = view.canvas.getBoundingClientRect();
        return [box.left + view.toX(x), box.top + view.toY(y)]; }""",
        [x, y],
    )


def settled(tab):
    tab.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 80)))")


def until(tab, truth):
    """Wait until an expression is true; the page's policy lets no library evaluate it again and again from text."""
    for _ in range(200):
        if tab.evaluate(truth):
            return
        tab.wait_for_timeout(50)
    pytest.fail(f"never true: {truth}")


def colour(tab, x, y):
    """The colour drawn at a point of the plane."""
    settled(tab)
    return tab.evaluate(
        """([x, y]) => { const { view } = exactzones;
        return [...view.context.getImageData(view.toX(x) * view.ratio, view.toY(y) * view.ratio, 1, 1).data]; }""",
        [x, y],
    )


def zone_at(zones, *point):
    (found,) = [k for k, zone in enumerate(zones) if zone.fires(point)]
    return found
