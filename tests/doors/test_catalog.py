"""The catalog's database: the same facts make the same bytes, and no query changes anything or runs for ever."""

import sqlite3
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outrider.cli import facts_in_force
from outrider.cli.session import Session
from outrider.doors import catalog
from outrider.errors import OutriderError

QUICK = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
TRIGGER = "CREATE TRIGGER t AFTER INSERT ON llms BEGIN DELETE FROM llms; END"
STATEMENTS = (
    "INSERT INTO llms (name) VALUES ('x')", "UPDATE llms SET price = 0", "DELETE FROM llms", "DROP TABLE llms",
    "CREATE TABLE x (y)", "CREATE TEMP TABLE x (y)", "CREATE VIEW v AS SELECT 1", TRIGGER, "ATTACH 'other.db' AS other",
    "DETACH main", "PRAGMA user_version = 1", "PRAGMA writable_schema = 1", "VACUUM", "VACUUM INTO 'copy.db'",
    "REINDEX", "ANALYZE", "BEGIN", "COMMIT", "SAVEPOINT x", "ALTER TABLE llms ADD x",
    "REPLACE INTO llms (name) VALUES ('x')", "SELECT load_extension('x')", "SELECT * FROM pragma_user_version",
    "WITH x AS (SELECT 1) DELETE FROM llms", "SELECT writefile('x', 'y')", "SELECT readfile('/etc/passwd')",
    "SELECT 1; DROP TABLE llms", "EXPLAIN DELETE FROM llms",
)  # fmt: skip
WORDS = st.sampled_from((
    "SELECT", "DELETE", "FROM", "llms", "prices", "WHERE", "DROP", "TABLE", "INSERT INTO", "VALUES", "(", ")", "'x'",
    "PRAGMA", "ATTACH", "AS", "name", "1", ";", "--", "/*", "*", ",", "UPDATE", "SET", "=", "UNION ALL",
    "WITH RECURSIVE", "VACUUM INTO", "CREATE", "TEMP", "count(*)", "LIKE", "'%a%'", "JOIN", "LIMIT", "\x00", "é",
))  # fmt: skip


@pytest.fixture
def session(home: Path) -> Session:
    """Builds the shipped catalog's database."""
    opened = Session()
    facts_in_force.ensure(opened)
    return opened


def path(session: Session) -> Path:
    """Returns where the database is."""
    return Path(session.places.ours(catalog.FILE))


def test_the_same_facts_make_the_same_bytes(session: Session) -> None:
    """Built twice from the same snapshots, the file is the same, byte by byte."""
    first = path(session).read_bytes()
    path(session).unlink()
    facts_in_force.ensure(session)
    assert path(session).read_bytes() == first


def test_a_database_is_built_anew_when_a_price_changes(session: Session) -> None:
    """What was built before an announced change of a price does not count from that day on."""
    digest = facts_in_force.digest(session)
    until = facts_in_force.gathered(session).until
    assert until > time.strftime("%Y-%m-%d")
    assert catalog.is_fresh(session.places, digest, day="2026-11-21")
    assert not catalog.is_fresh(session.places, digest, day=until)
    assert not catalog.is_fresh(session.places, "0" * 32, day="2026-11-21")


@pytest.mark.parametrize("statement", STATEMENTS)
def test_only_select_is_answered(session: Session, statement: str) -> None:
    """Nothing that writes, opens a file or looks at the machine runs, and the file stays what it was."""
    before = path(session).read_bytes()
    with pytest.raises(OutriderError):
        catalog.query(session.places, statement)
    assert path(session).read_bytes() == before
    assert {entry.name for entry in path(session).parent.iterdir()} == {catalog.FILE}


@QUICK
@given(words=st.lists(WORDS, max_size=14))
def test_no_statement_changes_anything(session: Session, words: list[str]) -> None:
    """Whatever is made of SQL's words is answered or refused in words, and changes no byte."""
    before = path(session).read_bytes()
    with suppress(OutriderError):
        assert len(catalog.query(session.places, " ".join(words), limit=10).rows) <= 10
    assert path(session).read_bytes() == before


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT max(x) FROM c", "longer than 2 s"),
        ("SELECT count(*) FROM llms a, llms b, llms c, llms d, llms e, llms f", "took longer than 2 s"),
        ("SELECT printf('%.*c', 200000, 'x') FROM llms a, llms b", "has more than 16,777,216 letters"),
        ("SELECT replace(printf('%.*c', 200000, 'x'), 'x', 'yyyy')", "string or blob too big"),
        ("SELECT 1 FROM llms WHERE name LIKE printf('%.*c', 2000, '%')", "LIKE has more than 1,000 letters"),
        ("SELECT name FROM llms WHERE name GLOB 'a*'", "cannot use GLOB"),
        ("", "is empty"),
        (" ;; ", "is empty"),
        ("SELECT nmae FROM llms", "no such column: nmae"),
        ("SELECT name FROM models", "no such table: models"),
        ("SELEKT", "syntax error"),
    ],
)  # fmt: skip
def test_a_query_that_cannot_be_answered_is_told_why(session: Session, query: str, said: str) -> None:
    """Loops, joins without end, answers without end and mistakes end soon, in words."""
    began = time.monotonic()
    with pytest.raises(OutriderError, match=said):
        catalog.query(session.places, query)
    assert time.monotonic() - began < 20


def test_a_pattern_cannot_hang_the_command(session: Session) -> None:
    """SQLite's own LIKE would compare these for years, and nothing could stop it."""
    query = "SELECT printf('%.*c', 200000, 'a') LIKE '%a%a%a%a%a%a%a%a%b'"
    began = time.monotonic()
    assert catalog.query(session.places, query).rows == ((0,),)
    assert time.monotonic() - began < 5


def test_the_rows_are_limited(session: Session) -> None:
    """More rows than asked for are cut, and said to be."""
    found = catalog.query(session.places, "SELECT name FROM llms", limit=3)
    assert (len(found.rows), found.is_cut) == (3, True)
    assert not catalog.query(session.places, "SELECT count(*) FROM llms", limit=1).is_cut


def test_a_damaged_file_is_built_anew(session: Session) -> None:
    """Half a database, or none of ours, is replaced when the next question comes."""
    whole = path(session).read_bytes()
    for damaged in (b"", b"no database", whole[:5_000]):
        path(session).write_bytes(damaged)
        facts_in_force.ensure(session)
        assert path(session).read_bytes() == whole


def test_a_wire_id_has_its_rates(session: Session) -> None:
    """A price is found by provider and wire id, with its day and its source."""
    rates, as_of, source = catalog.rates_of(session.places, "openai", "gpt-5-mini")
    assert [(rate.kind, str(rate.input), str(rate.output)) for rate in rates] == [("base", "0.25", "2.0")]
    assert as_of == "2026-11-12"
    assert source == "genai, litellm, pi"
    assert catalog.rates_of(session.places, "openai", "gpt-99") == ((), "", "")


def test_every_table_can_be_read(session: Session) -> None:
    """All tables that the help names are there, and no table of SQLite's own is written by us."""
    with sqlite3.connect(path(session)) as connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    connection.close()
    assert tables == {"llms", "prices", "scores", "aliases", "conflicts", "counts", "snapshots"}
