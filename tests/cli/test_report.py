"""`outrider report`: it says what `usage --json` says, is whole in itself, and overwrites nothing of anybody's."""

import base64
import hashlib
import json
import os
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from outrider.doors.settings import Places
from tests.cli.typing_it import Shell, write_layer
from tests.page import history
from tests.page.history import Asked, Call
from tests.page.reading import Reader
from tests.transcripts.writing import Folder, reply

HOSTILE = (
    "<script>alert(1)</script>", "</svg><img src=x onerror=alert(1)>", "\"'><b onmouseover=alert(1)>", "--> ]]>",
    "</title></style>", "{{ 7 * 7 }}{% include 'x' %}", "שלום-עולם", "\u202egnp.exe", "a\x1b]0;title\x07b\nc",
    "&lt;b&gt;", "x" * 5_000, "宽" * 90, "", "=HYPERLINK(1)", "javascript:alert(1)",
)  # fmt: skip


def written(typed: Shell, *more: str) -> Reader:
    """Makes a report, and reads it."""
    done = typed("report", "--html", "report.html", *more)
    assert done.code == 0, done.err
    return Reader(Path("report.html").read_bytes())


def asked(home: Path, *runs: Asked) -> None:
    """Writes runs into the book of this home."""
    history.book(Places(home=str(home / ".config" / "outrider"), claude="", project=None, bundled=""), runs)


def run(*calls: Call, task: str | None = "t", agent: str | None = "a", command: str = "ask") -> Asked:
    """Returns a run in October."""
    return Asked(history.END - 86_400, command, task, agent, "/work/project", calls)


def call(model: str = "here.one", cost: str = "0.5", kind: str | None = None) -> Call:
    """Returns a call of a second."""
    return Call(model, kind, 1.0, 100, 10, Decimal(cost))


@pytest.mark.parametrize(
    ("by", "tables"),
    [
        ("model", {"outrider": "model-ours", "claude_code": "own-model-table"}),
        ("agent", {"outrider": "agent-table", "claude_code": "own-agent-table"}),
        ("task", {"outrider": "task-table"}),
    ],
)
@pytest.mark.parametrize("since", [pytest.param((), marks=pytest.mark.process), ("--since", "2026-11-10")])
def test_the_figures_are_those_of_usage(
    typed: Shell, home: Path, by: str, tables: dict[str, str], since: tuple[str, ...]
) -> None:
    """Row by row and in the totals, calls and tokens alike and dollars to the last place, not only to the cent."""
    history.write(home)
    page, shape = written(typed, *since), typed("usage", "--by", by, "--json", *since).json
    nobody = {f"no {by}": None}
    for source, table in tables.items():
        said = {
            nobody.get(name.text, name.value or name.text): (
                None if not dollars.value else float(dollars.value), *(int(cell.value) for cell in rest)
            )
            for name, dollars, _, *rest in page.tables[table]
        }  # fmt: skip
        assert said == {
            row[by]: (
                row["cost_usd"], row["calls"], row["failures"], row["input"], row["output"], row["cached"],
                row["cache_write"],
            )
            for row in shape["rows"] if row["source"] == source
        }  # fmt: skip
        total = shape["totals"][source]
        assert float(page.totals[table][1].value) == pytest.approx(total["cost_usd"], abs=1e-12)
        assert int(page.totals[table][3].value) == total["calls"]
    assert float(page.totals["totals"][1].value) == pytest.approx(shape["total"]["cost_usd"], abs=1e-12)


def test_the_days_are_those_of_usage(typed: Shell, home: Path) -> None:
    """Each column of the chart over time is a day's sum, and its parts are the models'."""
    history.write(home)
    page, shape = written(typed), typed("usage", "--by", "day", "--json").json
    for source, table in (("outrider", "spend-ours-spans"), ("claude_code", "spend-own-spans")):
        said = {row[0].value: Decimal(row[-1].value) for row in page.tables[table]}
        assert {day: float(value) for day, value in said.items() if value} == {
            row["day"]: pytest.approx(row["cost_usd"], abs=1e-12) for row in shape["rows"] if row["source"] == source
        }
        for row in page.tables[table]:
            assert sum(Decimal(cell.value) for cell in row[1:-1]) == Decimal(row[-1].value)


def test_one_repository_is_reported_alone(typed: Shell, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same figures as that repository's line of `usage`."""
    folder = home / "shop"
    (folder / ".git").mkdir(parents=True)
    monkeypatch.setattr(history, "REPOSITORIES", (str(folder), "/work/project"))
    history.write(home)
    monkeypatch.chdir(folder)
    page, shape = written(typed, "--repo"), typed("usage", "--by", "repo", "--json").json
    rows = {row["source"]: row for row in shape["rows"] if row["repo"] == str(folder)}
    assert [(row[0].text, float(row[1].value), int(row[3].value)) for row in page.tables["totals"]] == [
        (words, rows[source]["cost_usd"], rows[source]["calls"])
        for words, source in (("your keys, measured", "outrider"), ("Claude Code, API list value", "claude_code"))
    ]
    assert str(folder) in page.words
    days = sum(Decimal(row[1].value) for row in page.tables["budget-table"])
    assert float(days) == pytest.approx(rows["outrider"]["cost_usd"], abs=1e-9)


def test_a_fallback_is_counted_and_a_panel_is_none(typed: Shell, home: Path) -> None:
    """By reason, from, and to; that a panel asks others is no fallback, and a repeat of the same target neither."""
    asked(
        home,
        run(call(kind="quota", cost="0"), call("here.two")),
        run(call(kind="quota", cost="0"), call("here.two")),
        run(call(kind="server", cost="0"), call(kind="server", cost="0"), call("here.two")),
        run(call(kind="timeout", cost="0"), call("here.two"), command="consensus"),
        run(call(kind="timeout", cost="0")),
    )
    assert [[cell.text for cell in row] for row in written(typed).tables["fallback-table"]] == [
        ["quota", "here.one", "here.two", "2"],
        ["server", "here.one", "here.two", "1"],
    ]


def test_cascades_are_counted_by_how_high_they_went(typed: Shell, home: Path) -> None:
    """Without one, a line says so."""
    asked(home, run(call()))
    assert "There are no runs of outrider cascade." in written(typed).words
    asked_again = [
        run(call(), call("here.two"), command="cascade"),
        run(call(), command="cascade"),
        run(call(kind="server"), command="cascade"),
    ]
    history.book(Places(home=str(home / "b"), claude="", project=None, bundled=""), asked_again)
    os.replace(home / "b" / "ledger.db", home / ".config" / "outrider" / "ledger.db")
    assert [[cell.text for cell in row] for row in written(typed).tables["climb-table"]] == [
        ["no answer", "1", "1", "$0.5000"],
        ["here.one", "1", "1", "$0.5000"],
        ["here.two", "2", "1", "$1.00"],
    ]


def test_a_budget_is_set_beside_what_was_counted(typed: Shell, home: Path) -> None:
    """In doubt and under way count there too; a day over it is said in words."""
    write_layer(home, {"limits": {"budget_usd": {"day": 0.4}}})
    asked(home, run(call()))
    page = written(typed)
    assert [[cell.value for cell in row] for row in page.tables["budget-table"]] == [["2026-11-20", "0.5", "1.25"]]
    assert "The line is the budget, $0.4000 a day; 1 day went over it." in page.words


def test_an_empty_history_has_a_page(typed: Shell) -> None:
    """Every section says in a line why it is empty."""
    done = typed("report", "--html", "report.html")
    assert re.fullmatch(r"wrote report.html \([\d,]+ bytes\): nothing was used yet\n", done.out)
    page = Reader(Path("report.html").read_bytes())
    assert page.tables == {}
    assert [text for tag, text in page.texts if tag == "h2"] == [
        "Spend over time, by model", "Cost by task and by agent", "Claude Code's own models and agents",
        "Fallbacks, by reason", "Latency", "Cascade escalations", "Budget burn",
        "Pins: did the model run that was asked for",
    ]  # fmt: skip
    assert "svg" not in [tag for tag, _ in page.tags]


def test_one_call_makes_a_whole_page(typed: Shell, home: Path) -> None:
    """One day, one bar, one model; all of it the whole."""
    asked(home, run(call()))
    page = written(typed)
    assert [[cell.text for cell in row[:4]] for row in page.tables["model-ours"]] == [
        ["here.one", "$0.5000", "100 %", "1"]
    ]
    assert page.totals.get("totals") is None


@pytest.mark.process
def test_thousands_of_names_are_the_largest_and_the_others(typed: Shell, home: Path) -> None:
    """The page stays small, and its sums stay whole."""
    asked(home, *(run(call(f"here.m{number}", cost=f"0.{number:04}"), task=f"t{number}") for number in range(5_000)))
    page = written(typed)
    assert Path("report.html").stat().st_size < 400_000
    for table in ("model-ours", "task-table"):
        rows = page.tables[table]
        assert (len(rows), rows[-1][0].text) == (51, "4,950 others")
        assert sum(Decimal(row[1].value) for row in rows) == Decimal(page.totals[table][1].value)
        assert sum(int(row[3].value) for row in rows) == 5_000


def test_what_was_taken_back_is_drawn_below_nothing(typed: Shell, home: Path) -> None:
    """A sum below nothing keeps its sign, in words, in the exact value and in the chart."""
    asked(home, run(call("here.a", "1.5")), run(call("here.b", "-0.25")), run(call("here.c", "0")))
    page = written(typed)
    assert [(row[0].text, row[1].text, row[1].value) for row in page.tables["model-ours"]] == [
        ("here.a", "$1.50", "1.5"), ("here.c", "$0.00", "0"), ("here.b", "\u2212$0.25", "-0.25"),
    ]  # fmt: skip
    heights = [float(given["height"] or "") for tag, given in page.tags if tag == "rect"]
    assert min(heights) >= 0


def test_no_name_becomes_markup(typed: Shell, home: Path) -> None:
    """Whatever a model, a task, an agent or a repository is called, the page has our tags and our one script."""
    asked(home, run(call()))
    plain = written(typed)
    asked_names = [
        run(call(f"here.{name}", kind="server"), call(name or "x"), task=name, agent=name) for name in HOSTILE
    ]
    history.book(Places(home=str(home / "b"), claude="", project=None, bundled=""), asked_names)
    os.replace(home / "b" / "ledger.db", home / ".config" / "outrider" / "ledger.db")
    for number, name in enumerate(HOSTILE):
        more: dict[str, Any] = {"agentId": f"a{number}", "attributionAgent": name, "cwd": f"/{name[:200]}"}
        Folder(home).write(f"p/{number}.jsonl", reply(number, model=name or "m", **more))
    page = written(typed)
    data = Path("report.html").read_bytes()
    assert page.unclosed == []
    assert page.scripts == plain.scripts
    known = {tag for tag, _ in plain.tags} | {"circle", "details", "h3", "li", "summary", "ul"}
    assert {tag for tag, _ in page.tags} <= known
    assert not {name for _, given in page.tags for name in given if name.startswith("on")}
    assert not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]|\xe2\x80\xae", data)
    assert "<script>alert(1)</script>" in page.words
    assert "{{ 7 * 7 }}" in page.words
    assert "שלום-עולם" in page.words
    assert max(len(text) for inside, text in page.texts if inside in {"text", "bdi", "td", "th"}) <= 100
    assert len(data) < 400_000


def test_the_page_loads_nothing(typed: Shell, home: Path) -> None:
    """No address but its own anchors, no attribute that fetches, and a policy that lets one script run: ours."""
    history.write(home)
    page = written(typed)
    fetching = {"src", "srcset", "href", "xlink:href", "action", "data", "poster", "background", "style", "formaction"}
    found = [(tag, name, value) for tag, given in page.tags for name, value in given.items() if name in fetching]
    assert found == [("a", "href", "#spend")]
    digest = base64.b64encode(hashlib.sha256("".join(page.scripts).encode()).digest()).decode()
    policies = [given["content"] for _, given in page.tags if given.get("http-equiv") == "Content-Security-Policy"]
    script = f"script-src 'sha256-{digest}'"
    assert policies == [f"default-src 'none'; style-src 'unsafe-inline'; {script}; base-uri 'none'; form-action 'none'"]
    text = Path("report.html").read_text(encoding="utf-8")
    assert not re.search(r"https?://|url\(|@import|@font-face", text)


def test_every_chart_says_what_it_shows(typed: Shell, home: Path) -> None:
    """A picture has a name and a description, each of its own, and a table beside it."""
    history.write(home)
    page = written(typed)
    ids = [given["id"] for _, given in page.tags if given.get("id")]
    assert len(ids) == len(set(ids))
    charts = [given for tag, given in page.tags if tag == "svg" and given.get("role") == "img"]
    assert len(charts) >= 9
    for given in charts:
        assert set((given["aria-labelledby"] or "").split()) <= set(ids)
    rest = [given for tag, given in page.tags if tag == "svg" and given.get("role") != "img"]
    assert all(given.get("aria-hidden") == "true" for given in rest)


def test_a_report_is_made_anew_and_any_other_file_is_kept(typed: Shell, home: Path) -> None:
    """Unless somebody insists; what is no plain file is never written to."""
    asked(home, run(call()))
    other, link = Path("other.html"), Path("link.html")
    other.write_text("<html>mine</html>", encoding="utf-8")
    link.symlink_to(other)
    assert typed("report", "--html", "r.html").code == 0
    assert typed("report", "--html", "r.html").code == 0
    assert typed("report", "--html", "other.html") == (
        2,
        "",
        (
            "error: other.html is there already, and no report of ours\n"
            "hint: name a new file, or overwrite it with `--force`\n"
        ),
    )  # fmt: skip
    assert other.read_text(encoding="utf-8") == "<html>mine</html>"
    assert typed("report", "--html", "link.html", "--force").err.startswith("error: link.html is not a plain file\n")
    assert typed("report", "--html", ".").err == "error: . is a folder\nhint: name a file: `--html ./report.html`\n"
    assert typed("report", "--html", "gone/r.html").err.startswith(f"error: there is no folder {Path.cwd()}/gone\n")
    assert typed("report", "--html", "other.html", "--force").code == 0
    assert b'content="outrider report"' in other.read_bytes()
    assert other.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in Path.cwd().iterdir()) == ["link.html", "other.html", "r.html"]


def test_inside_claude_code_it_stays_in_the_project(typed: Shell, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a path upwards nor a link leads out."""
    monkeypatch.setenv("CLAUDECODE", "1")
    Path(".git").mkdir()
    outside = home / "outside"
    outside.mkdir()
    Path("out").symlink_to(outside)
    for path in ("../r.html", str(outside / "r.html"), "out/r.html"):
        done = typed("report", "--html", path)
        assert (done.code, done.err) == (5, f"error: {path} is outside the project\nhint: write inside the project\n")
    assert typed("report", "--html", "r.html").code == 0
    assert list(outside.iterdir()) == []


def test_a_script_is_told_what_was_written(typed: Shell, home: Path) -> None:
    """One object: where, how much, and the totals."""
    asked(home, run(call()))
    said = typed("report", "--html", "r.html", "--json", "--since", "2026-11-01").json
    assert said == {
        "html": str(Path.cwd() / "r.html"), "bytes": Path("r.html").stat().st_size, "since": "2026-11-01T00:00:00Z",
        "repository": None, "totals": {"outrider": {"calls": 1, "cost_usd": 0.5, "basis": "measured"}}, "skipped": [],
    }  # fmt: skip


def test_what_is_in_no_total_is_on_the_page(typed: Shell, home: Path) -> None:
    """A model without a price, and a ledger that cannot be read."""
    Folder(home).write("p/s.jsonl", reply(1, model="claude-nova-9"), reply(2))
    (home / ".config" / "outrider").mkdir(parents=True)
    (home / ".config" / "outrider" / "ledger.db").write_bytes(b"no book" * 1000)
    done = typed("report", "--html", "r.html", "--json")
    assert done.code == 0
    page = Reader(Path("r.html").read_bytes())
    said: Any = json.loads(done.out)
    assert [line for line in said["skipped"] if line not in page.words] == []
    assert [line.partition(":")[0] for line in said["skipped"]] == ["transcripts", "the ledger is in no total"]
    assert ["claude-nova-9", "?"] in [[cell.text for cell in row[:2]] for row in page.tables["own-model-table"]]
