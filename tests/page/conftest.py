"""One browser for all tests of the page, and pages of the golden month and of the worst names."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from outrider.cli import reporting
from outrider.cli.session import Session
from outrider.doors.settings import places
from outrider.rules.report_facts import Burn, Facts, Latency, Pin, Step
from outrider.rules.sums import Entry
from tests.page import history
from tests.page.browser import Browser, program, running

HOSTILE = (
    "<script>document.title='taken'</script>", "</svg></table><img src=http://127.0.0.1:9/x onerror=alert(1)>",
    "שלום עולם ".strip() * 8, "W" * 300, "no-break-" * 30, "宽" * 60, "a b  c\td", "&lt;&amp;", "'\"><b>",
)  # fmt: skip
Pages = Callable[[str], Path]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Starts the browser of this machine; without one nothing here can be told, and that is said."""
    path = program()
    if path is None:
        pytest.skip("NO BROWSER: install chromium, or name one with OUTRIDER_BROWSER; the page was opened by nobody")
    with running(path) as found:
        yield found


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Pages:
    """Makes each page once: `month`, `hostile`, `empty`, `many`."""
    made: dict[str, Path] = {}

    def page(name: str) -> Path:
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            made[name] = folder / f"{name}.html"
            made[name].write_bytes(make(name, folder))
        return made[name]

    return page


def make(name: str, home: Path) -> bytes:
    """Returns a page: `month`, `hostile`, `empty` or `many`."""
    if name == "month":
        history.write(home)
    environment = {"HOME": str(home)}
    session = Session(places(environment=environment, cwd=str(home)), environment)
    if name in {"month", "empty"}:
        return reporting.html(session, reporting.facts(session, at=history.END, since=None, repository=None))
    names = HOSTILE if name == "hostile" else tuple(f"here.model_{number}" for number in range(5_000))
    return reporting.html(session, _facts(names))


def _facts(names: tuple[str, ...]) -> Facts:
    """Returns facts in which everything that can have a name has one of these."""
    return Facts(
        at="2026-11-21T00:00:00Z", since=None, repository=names[0], version="1", notes=names[:20],
        entries=tuple(
            Entry(source=source, names=("2026-11-20", name, name, name, name), calls=3, failures=1, input=123_456_789,
                  output=98_765_432, cost=Decimal(number) - 2, unpriced=3 if number == 0 else 0)
            for number, name in enumerate(names) for source in ("outrider", "claude_code")
        ),
        steps=tuple(Step(kind=name, first=name, second=name, count=1) for name in names),
        latencies=tuple(Latency(model=name, answers=9, low=0, half=150.0, high=400.0, most=9e5) for name in names),
        burn=(Burn(day="2026-11-20", spent=Decimal(3)),), budget=Decimal(2),
        pins=tuple(Pin(agent=name, requested=name, ran=name, verdict="MISMATCH") for name in names),
    )  # fmt: skip
