"""The report: what it says is what the functions answer, and it needs nothing else to be shown."""

import base64
import re
import shutil
from fractions import Fraction

import numpy as np
import pytest

from exactzones import BudgetExceeded, Features, FormatError, InputError, Network, check
from exactzones.certification import ProvedMaximum
from exactzones.deadline import Deadline
from exactzones.features import answers
from exactzones.features.report import _KINDS

NET = Network.mlp([([[1, 0], [-1, 0], [0, 1]], [0, 0, 0]), ([[1, 1, 0], [0, 0, 1], [-1, -1, -1]], [-1, -2, 0])])
"""Features |x| - 1, max(y, 0) - 2 and -|x| - max(y, 0)."""
DATA = [[2, 0], [0, 1], [3, 3], [9, 9]]
CALLED = {0: "<wide>"}


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    seen = []
    Features.of(NET).report(path, (-3, 4), DATA, names=["width", "height"], labels=CALLED, progress=lambda *now: seen.append(now))
    assert seen == [(0, 3), (1, 3), (2, 3)]
    return path


def card(page, unit):
    return re.search(rf'<article id="feature-{unit}".*?</article>', page.read_text(), re.DOTALL)[0]


def rows(text):
    """The terms of a card or of the overview, with what they say."""
    return dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", text, re.DOTALL))


def test_a_card_says_what_the_functions_answer(page):
    features, first = Features.of(NET), card(page, 0)
    seen, unseen = features.islands(0, (-3, 4), DATA)
    assert (seen.is_unseen, unseen.is_unseen) == (False, True)
    assert "<h2" in first
    assert "&lt;wide&gt; <span" in first
    assert "1 island without data" in first
    assert rows(first) == {
        "on the data": "fires at 2 of 3 points, most at point 2: 2",
        "largest value": f"{features.strongest(0, (-3, 4)).value}, at width 4, height 0",
        "islands": "2, 1 of them without data (4 zones)",
        "no data at": "width {}, height {}".format(*unseen.witness),
        "nearly fires": f"data point 1, if each input changes by at most {features.nearest(0, DATA[1], norm='inf').upper}",
    }
    assert "<svg" in first
    assert "fires, without data" in first


def test_a_dead_feature_has_a_certificate_that_check_accepts(page):
    dead = card(page, 2)
    assert rows(dead)["answer"].startswith("fires nowhere: proved in ")
    packed = re.search(r'href="data:application/json;base64,([^"]*)"', dead)[1]
    assert str(check(NET, 2, (-3, 4), base64.b64decode(packed).decode().splitlines())) == "valid"
    assert "<svg" not in dead


def test_the_overview_lists_what_people_look_for(page):
    text = page.read_text()
    said = rows(text.split('<div class="cards">')[0])
    assert re.findall(r"#feature-(\d)", said["dead"]) == ["2"]
    assert re.findall(r"#feature-(\d)", said["islands without data"]) == ["0"]
    assert said["data"] == "3 points in the domain"
    assert "<strong>1 feature</strong> proved dead, 2 that fire, <strong>1</strong> with islands that no data point is in" in text
    pairs = dict(re.findall(r"<title>0 and (\d): (.*?)</title>", text))
    assert pairs == {"0": _KINDS["both"], "1": _KINDS["both"], "2": _KINDS["never"]}


def test_other_activations_and_what_is_left_out(tmp_path):
    sae = {"W_enc": np.array([[1.0, -1, 0]]), "b_enc": np.array([0.0, 0, -9])}
    for options, said in [({"k": 1}, "TopK, k = 1"), ({"activation": "jumprelu"}, "JumpReLU")]:
        arrays = sae | ({"threshold": np.ones(3)} if "activation" in options else {})
        Features.of(sae=arrays, **options).report(tmp_path / "page.html", (-3, 3), units=[2, 0], title="A & B")
        text = (tmp_path / "page.html").read_text()
        assert re.findall(r'<article id="feature-(\d)"', text) == ["2", "0"]
        assert rows(text)["activation"] == said
        assert "<title>A &amp; B</title>" in text
        assert "without data" not in text.split("<body>")[1]
    Features.of(sae=sae).report(tmp_path / "page.html", seconds=0)
    assert "undecided" in (tmp_path / "page.html").read_text() or "unbounded" in (tmp_path / "page.html").read_text()


def test_when_the_time_for_all_features_is_up_those_that_were_reached_are_kept(tmp_path, monkeypatch):
    about = answers.Questions.about

    def slow(self, unit, *arguments):
        if unit == 1:
            deadline.interrupt()
        return about(self, unit, *arguments)

    monkeypatch.setattr(answers.Questions, "about", slow)
    deadline = Deadline(3600)
    Features.of(NET).report(tmp_path / "page.html", (-3, 4), total_seconds=deadline)
    text = (tmp_path / "page.html").read_text()
    assert re.findall(r'<article id="feature-(\d)"', text) == ["0", "1"]
    assert " Incomplete: the time was up" in text
    Features.of(NET).report(tmp_path / "page.html", (-3, 4), total_seconds=0)
    assert "<article" not in (tmp_path / "page.html").read_text()
    Features.of(NET).report(tmp_path / "page.html", (-3, 4), total_seconds=3600)
    assert " Incomplete: " not in (tmp_path / "page.html").read_text()


def test_the_largest_value_follows_from_the_zones_where_it_was_not_proved(tmp_path, monkeypatch):
    def stopped(_self, unit, _domain, **_limits):
        raise BudgetExceeded("no time", ProvedMaximum(Fraction(unit), (Fraction(0), Fraction(0)), None, None))

    sae = {"W_enc": np.eye(2), "b_enc": np.zeros(2), "threshold": np.array([0.5, 0])}
    for features, largest in ((Features.of(NET), ["3, at", "2, at", None]), (Features.of(sae=sae), ["4, at", "4, at"])):
        assert [features.strongest(unit, (-3, 4)).value for unit in (0, 1)] == [int(value[0]) for value in largest[:2]]
        with monkeypatch.context() as patched:
            patched.setattr(Features, "strongest", stopped)
            features.report(tmp_path / "page.html", (-3, 4))
            said = [rows(card(tmp_path / "page.html", unit)).get("largest value") for unit in range(len(features))]
            assert [value and value[:5] for value in said] == largest
            patched.setattr(answers.Questions, "_zones", lambda _self, _unit: None)
            features.report(tmp_path / "page.html", (-3, 4))
            assert "or larger: not proved" in rows(card(tmp_path / "page.html", 1))["largest value"]


def test_points_outside_the_domain_leave_the_numbers_of_the_others(tmp_path):
    Features.of(NET).report(tmp_path / "page.html", (-3, 4), [[9, 9], *DATA[:2]], units=[0])
    said = rows(card(tmp_path / "page.html", 0))
    assert said["on the data"] == "fires at 1 of 2 points, most at point 1: 1"
    assert said["nearly fires"].startswith("data point 2, ")
    assert "nearest to data point 2 " in card(tmp_path / "page.html", 0)
    assert re.findall(r"data point (\d)</title>", card(tmp_path / "page.html", 0)) == ["1", "2"]


def test_what_a_report_is_not_made_of(tmp_path):
    features = Features.of(NET)
    many = Features.of(Network.of(([[1]] * 300, [0] * 300, True)))
    for call, message in [
        (lambda: many.report(tmp_path / "r.html"), r"300 features are asked about; .* pass units="),
        (lambda: features.report(tmp_path / "r.html", names=["a"]), "list of names"),
        (lambda: features.report(tmp_path / "r.html", data=3), "data is 3"),
        (lambda: features.report(tmp_path / "r.html", labels=["a"]), r"labels is \['a'\]; expected a dict such as"),
        (lambda: features.report(tmp_path / "r.html", title=3), "title is 3"),
        (lambda: features.report(tmp_path / "r.html", units=[7]), "features 0 to 2"),
        (lambda: features.report(tmp_path / "no" / "r.html", (-1, 1), units=[2]), "cannot be written"),
    ]:
        with pytest.raises(InputError, match=message):
            call()


def test_a_browser_shows_it_without_scripts_or_requests(page):
    playwright = pytest.importorskip("playwright.sync_api")
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium on this machine")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        tab, wrong = browser.new_page(), []
        tab.on("console", lambda message: wrong.append(message.text))
        tab.on("request", lambda asked: wrong.append(asked.url) if not asked.url.startswith(("file:", "data:")) else None)
        tab.goto(page.as_uri())
        for width in (390, 900, 1600):
            tab.set_viewport_size({"width": width, "height": 900})
            assert tab.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert tab.locator("article").count() == 3
        tab.locator("article details summary").first.click()
        assert tab.locator("article details .exact").first.is_visible()
        assert wrong == []
        browser.close()


def test_a_box_of_many_inputs_is_named_without_its_vertices(tmp_path):
    """It has 2^24 of them."""
    net = Network.mlp([([[1] * 24], [0])])
    for domain, name in (((-1, 1), "the box [-1, 1]^24"), ([(0, k + 1) for k in range(24)], "a box of 24 inputs")):
        Features.of(net).report(tmp_path / "report.html", domain)
        assert f"On {name}: <strong>0 features</strong> proved dead" in (tmp_path / "report.html").read_text()


def test_islands_that_were_not_listed_are_not_counted_as_none(tmp_path, monkeypatch):
    """A feature that fires at no data point has only islands without data; of another one they are not known."""
    monkeypatch.setattr(answers.Questions, "_zones", lambda _self, _unit: None)
    net = Network.mlp([([[1, 0], [0, 1], [-1, -1]], [-1, 5, -50])])
    Features.of(net).report(tmp_path / "page.html", (-3, 4), [[0, 0], [0, 1]])
    text = (tmp_path / "page.html").read_text()
    assert "<strong>1</strong> with islands that no data point is in, 1 for which that is not known" in text
    assert re.findall(r"#feature-(\d)", rows(text.split('<div class="cards">')[0])["islands without data"]) == ["0"]
    said = [rows(text.split(f'<article id="feature-{unit}"')[1].split("</article>")[0])["islands"] for unit in (0, 1)]
    assert [part.startswith("not known how many, all of them without data") for part in said] == [True, False]


def test_pairs_are_counted_where_they_are_written():
    assert repr(Features.of(NET).together((-3, 4))) == "CoFiring(3 features, 3 pairs: 1 together, 2 never, 0 undecided)"


def test_a_report_is_a_page(tmp_path):
    with pytest.raises(FormatError, match=r"suffix '.htm2' is not known; pages end in .html, .htm"):
        Features.of(NET).report(tmp_path / "report.htm2", (-3, 4))
    assert not [*tmp_path.iterdir()]
