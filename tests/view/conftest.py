"""A headless Chromium, where there is one with a driver for it: ``pip install playwright``, ``apt-get install chromium``."""

import shutil

import pytest

from exactzones.view import save

_FLAGS = ["--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader"]


@pytest.fixture(scope="session")
def chromium():
    playwright = pytest.importorskip("playwright.sync_api")
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium on this machine")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium, tmp_path):
    """Show zones in a page of the browser, which must not complain nor ask the network for anything."""
    context = chromium.new_context(viewport={"width": 1300, "height": 850})
    wrong = []

    def call(zones, *data, **options):
        save(zones, tmp_path / "page.html", *data, **options)
        tab = context.new_page()
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        tab.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        tab.on(
            "request", lambda asked: wrong.append(asked.url) if not asked.url.startswith(("file:", "data:", "blob:")) else None
        )
        tab.goto((tmp_path / "page.html").as_uri())
        tab.wait_for_selector("html[data-ready]", state="attached")
        return tab

    yield call
    context.close()
    assert wrong == []
