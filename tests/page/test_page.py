"""The report in a real browser: legible, quiet, sortable; wide and narrow, light and dark, with scripts or not."""

import os
import zlib
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.page import picture
from tests.page.browser import Browser, Tab
from tests.page.conftest import Pages

PICTURES = os.environ.get("OUTRIDER_PICTURES")
"""Where the pictures are kept, for who wants to look at them."""
SHOWN = Path(__file__).parents[2] / "docs" / "report.png"
pytestmark = pytest.mark.page


class Way(NamedTuple):
    """How a page is looked at."""

    width: int = 1200
    dark: bool = False
    script: bool = True

    def __str__(self) -> str:
        return f"{self.width}-{'dark' if self.dark else 'light'}{'' if self.script else '-no-script'}"


WAYS = tuple(Way(*way) for way in product((1200, 400), (False, True), (True, False)))
SCHEMES = (Way(), Way(dark=True))

OVERFLOWING = """
[...document.querySelectorAll("body *")].filter((one) => {
  const box = one.getBoundingClientRect();
  return box.width && (box.right > innerWidth + 1 || box.left < -1) && !one.closest(".scroll, .skip");
}).map((one) => one.outerHTML.slice(0, 120))"""

CONTRASTS = """(() => {
  const channels = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const over = (top, under) => {
    const alpha = top.length > 3 ? top[3] : 1;
    return [0, 1, 2].map((i) => top[i] * alpha + under[i] * (1 - alpha));
  };
  const behind = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const found = channels(getComputedStyle(at).backgroundColor);
      if (found.length < 4 || found[3] === 1) return found.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const ratio = (one, other) => {
    const [a, b] = [light(one), light(other)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  };
  const found = [];
  for (const one of document.querySelectorAll("body *")) {
    const style = getComputedStyle(one);
    if (one.closest("script, style, title, desc, .skip")) continue;
    const isSvg = one.namespaceURI.endsWith("svg");
    const hasText = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const back = behind(isSvg ? one.closest("svg") : one);
    if (hasText) found.push(["text", one.tagName, ratio(over(channels(isSvg ? style.fill : style.color), back), back)]);
    const shape = ["rect", "circle"].includes(one.tagName) && !one.classList.contains("track");
    if (shape && !one.classList.contains("range"))
      found.push(["shape", one.getAttribute("class"), ratio(over(channels(style.fill), back), back)]);
  }
  return found;
})()"""

OVERLAPPING = """
[...document.querySelectorAll("svg.chart")].flatMap((svg) => {
  const boxes = [...svg.querySelectorAll("text")].map((one) => [one.textContent, one.getBoundingClientRect()]);
  const touch = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3;
  return boxes.flatMap(([said, box], i) => boxes.slice(i + 1).filter(([, b]) => touch(box, b)).map(([b]) => [said, b]));
})"""

SIZES = """
[...document.querySelectorAll("body *")]
  .filter((one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim())
    && !one.closest("script, style, title, desc"))
  .map((one) => parseFloat(getComputedStyle(one).fontSize) )"""

COLUMN = """[...document.querySelectorAll("#model-ours tbody tr")].map((row) => row.cells[INDEX].textContent.trim())"""


@pytest.mark.parametrize("name", ["month", "hostile", "empty", "many"])
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_the_page_is_quiet_and_fits(browser: Browser, pages: Pages, name: str, way: Way) -> None:
    """No complaint, no request but itself, nothing beyond the window, no text over another or too small to read."""
    with browser.tab() as tab:
        tab.open(pages(name), width=way.width, dark=way.dark, script=way.script)
        assert tab.complaints() == []
        assert tab.requests() == [pages(name).resolve().as_uri()]
        assert tab.evaluate("document.documentElement.scrollWidth") == way.width
        assert tab.evaluate(OVERFLOWING) == []
        assert tab.evaluate("document.title").startswith("What the models cost")
        assert min(tab.evaluate(SIZES)) >= 12
        assert tab.evaluate(OVERLAPPING) == []
        assert tab.evaluate("document.querySelectorAll('thead button').length > 0") is (way.script and name != "empty")


@pytest.mark.parametrize("way", SCHEMES, ids=str)
@pytest.mark.parametrize("name", ["month", "hostile"])
def test_everything_stands_out(browser: Browser, pages: Pages, name: str, way: Way) -> None:
    """Text has a contrast of 4.5 to what is behind it, and what carries a number has 3, in both schemes."""
    with browser.tab() as tab:
        tab.open(pages(name), width=1200, dark=way.dark)
        found = tab.evaluate(CONTRASTS)
        assert len([one for one in found if one[0] == "text"]) > 100
        assert [one for one in found if one[2] < (4.5 if one[0] == "text" else 3)] == []


@pytest.mark.parametrize("way", SCHEMES, ids=str)
def test_every_colour_of_the_palette_stands_out(browser: Browser, pages: Pages, way: Way) -> None:
    """Those that this history does not use, too; and no two are the same."""
    with browser.tab() as tab:
        tab.open(pages("month"), width=1200, dark=way.dark)
        tab.evaluate("""(() => {
          const names = [...Array(10).keys()].map((number) => `c${number}`).concat("other", "bar", "over");
          const svg = document.querySelector("svg.chart");
          for (const name of names) {
            const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
            rect.setAttribute("class", `${name} tried`);
            svg.append(rect);
          }
        })()""")
        found = [one for one in tab.evaluate(CONTRASTS) if str(one[1]).endswith("tried")]
        assert len(found) == 13
        assert [one for one in found if one[2] < 3] == []
        fills = tab.evaluate("[...document.querySelectorAll('.tried')].map((one) => getComputedStyle(one).fill)")
        assert len(set(fills[:11])) == 11


def column(tab: Tab, index: int) -> list[str]:
    """Returns what a column of the models reads."""
    found: list[str] = tab.evaluate(COLUMN.replace("INDEX", str(index)))
    return found


def head(tab: Tab, index: int) -> Any:
    """Returns how a column says that it is sorted."""
    return tab.evaluate(f"document.querySelectorAll('#model-ours thead th')[{index}].getAttribute('aria-sort')")


def test_a_click_sorts(browser: Browser, pages: Pages) -> None:
    """Numbers from the largest, names from the first; again, the other way; the total stays at its end."""
    with browser.tab() as tab:
        tab.open(pages("month"), width=1200)
        place = "document.querySelectorAll('#model-ours thead button')[%d]"
        for index, ways in ((3, ("descending", "ascending", "descending")), (0, ("ascending", "descending"))):
            for way in ways:
                tab.evaluate(f"({place % index}).scrollIntoView({{block: 'center'}})")
                box = tab.evaluate(f"(({place % index}).getBoundingClientRect()).toJSON()")
                tab.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
                said = column(tab, index)
                ranked = sorted(said, key=lambda text: int(text.replace(",", "")) if index else text)
                assert said == (ranked if way == "ascending" else ranked[::-1])
                assert head(tab, index) == way
        assert head(tab, 3) is None
        assert tab.evaluate("document.querySelector('#model-ours tfoot th').textContent.trim()") == "total"
        assert tab.complaints() == []


@pytest.mark.parametrize(("key", "code", "text"), [("Enter", 13, "\r"), (" ", 32, " ")])
def test_a_key_sorts(browser: Browser, pages: Pages, key: str, code: int, text: str) -> None:
    """The heads are reached with Tab, are seen to be, and obey Enter and Space."""
    with browser.tab() as tab:
        tab.open(pages("month"), width=1200)
        tab.evaluate("document.querySelector('#model-ours').closest('.scroll').focus()")
        for _ in range(3):
            tab.press("Tab", 9)
        assert tab.evaluate("document.activeElement.textContent") == "Share"
        assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        tab.press("Tab", 9)
        tab.press(key, code, text)
        said = [int(one.replace(",", "")) for one in column(tab, 3)]
        assert said == sorted(said, reverse=True)
        assert head(tab, 3) == "descending"


def test_a_name_that_is_markup_is_text(browser: Browser, pages: Pages) -> None:
    """It runs nothing, makes nothing, and is read as it is."""
    with browser.tab() as tab:
        tab.open(pages("hostile"), width=400)
        assert tab.evaluate("document.images.length + document.querySelectorAll('b').length") == 0
        assert tab.evaluate("document.scripts.length") == 1
        assert "<script>document.title='taken'</script>" in tab.evaluate("document.body.textContent")


def test_a_script_that_came_in_would_not_run(browser: Browser, pages: Pages, tmp_path: Path) -> None:
    """The page's own policy is the second wall: it holds when somebody writes into the file."""
    changed = tmp_path / "changed.html"
    data = pages("month").read_bytes()
    bad = b"<script>document.title='taken'</script><img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='></body>"
    changed.write_bytes(data.replace(b"</body>", bad))
    with browser.tab() as tab:
        tab.open(changed, width=1200)
        assert tab.evaluate("document.title") == "What the models cost"
        assert tab.evaluate("document.querySelectorAll('thead button').length") > 0
        assert len([one for one in tab.complaints() if "Content Security Policy" in one]) == 2


def test_a_chart_is_read_aloud(browser: Browser, pages: Pages) -> None:
    """The browser's own tree for those who do not see names every chart, and says what it shows."""
    with browser.tab() as tab:
        tab.open(pages("month"), width=1200)
        tab.call("Accessibility.enable")
        nodes = tab.call("Accessibility.getFullAXTree")["nodes"]
        charts = [node["name"]["value"] for node in nodes if node.get("role", {}).get("value") == "image"]
        shown = tab.evaluate("document.querySelectorAll('svg[role=img]').length")
        assert len(charts) == shown >= 10
        assert any(name.startswith("Billed to your keys Columns for 30 days, together $") for name in charts)
        assert min(map(len, charts)) > 30


def test_it_can_be_printed(browser: Browser, pages: Pages) -> None:
    """Light whatever the scheme, with every table open, on few pages."""
    with browser.tab() as tab:
        tab.open(pages("month"), width=1200, dark=True)
        data = tab.printed()
        assert data.startswith(b"%PDF-")
        assert 3 <= data.count(b"/Type /Page\n") + data.count(b"/Type /Page ") <= 14
        tab.call("Emulation.setEmulatedMedia", media="print")
        assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert tab.evaluate(
            "document.querySelector('#spend-ours-spans').checkVisibility({contentVisibilityAuto: true})"
        )
        assert tab.evaluate("document.querySelector('#spend-ours-spans').getBoundingClientRect().height") > 300


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_picture_is_taken(browser: Browser, pages: Pages, tmp_path: Path, way: Way) -> None:
    """Of every way to look at it: as wide as the window, dark where it should be, and not empty."""
    with browser.tab() as tab:
        tab.open(pages("month"), width=way.width, dark=way.dark, script=way.script)
        data = tab.picture()
    folder = Path(PICTURES or tmp_path)
    (folder / f"report-{way}.png").write_bytes(data)
    assert picture.size(data)[0] == way.width
    pixels = zlib.decompress(picture.data(data))
    assert (pixels[1] < 64) is way.dark
    assert len(set(pixels)) > 100


def test_the_picture_in_the_readme_is_of_this_page(browser: Browser, pages: Pages) -> None:
    """As `scripts/report_picture.py` takes it: small, and as wide as the one that is shown; fonts set the height."""
    taken, shown = picture.take(browser, pages("month")), SHOWN.read_bytes()
    sizes = [picture.size(taken), picture.size(shown)]
    assert [width for width, _ in sizes] == [picture.WIDTH] * 2
    assert abs(sizes[0][1] - sizes[1][1]) < 150
    assert max(len(taken), len(shown)) <= picture.MOST
