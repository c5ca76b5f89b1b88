"""Taking away what is old or no longer wanted: rows of the book, texts of prompts, answers, jobs, conversations.

The one place that deletes rows of the book, and it leaves a row that says so. Totals of money stay: what was spent
is spent. It must not know what is in what it takes away.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from shutil import rmtree

from outrider.doors.ledger_file import LedgerFile
from outrider.doors.settings import Places
from outrider.errors import StorageFault

KEPT = 3_600.0
"""Rows of the last hour stay whatever is asked: rates and rests of other processes stand on them."""
OLD_RUNS = (
    "SELECT id FROM runs WHERE at < ?1 AND outcome <> 'open' AND NOT EXISTS"
    " (SELECT 1 FROM attempts WHERE run = runs.id AND (at >= ?1 OR outcome = 'open'))"
)


def prune_rows(ledger: LedgerFile, *, before: float) -> int:
    """Deletes runs that ended before a moment, with their attempts; returns how many attempts."""
    now = time.time()
    until = min(before, now - KEPT)
    (found,) = ledger.read(f"SELECT COUNT(*) FROM runs WHERE id IN ({OLD_RUNS})", (until,)) or ((0,),)  # noqa: S608
    if not found[0]:
        return 0
    _overwrite(ledger)
    with ledger.transaction() as connection:
        of_old = f"run IN ({OLD_RUNS})"
        count = int(connection.execute(f"SELECT COUNT(*) FROM attempts WHERE {of_old}", (until,)).fetchone()[0])  # noqa: S608
        connection.execute("INSERT INTO prunings (at, before, attempts) VALUES (?, ?, ?)", (now, until, count))
        for query in (
            f"DELETE FROM prompts WHERE {of_old}",  # noqa: S608 (our own words only)
            f"DELETE FROM tool_calls WHERE {of_old}",  # noqa: S608
            f"DELETE FROM attachments WHERE attempt IN (SELECT id FROM attempts WHERE {of_old})",  # noqa: S608
            f"CREATE TEMP TABLE old_runs AS {OLD_RUNS}",
        ):
            connection.execute(query, (until,))
        connection.execute("DELETE FROM attempts WHERE run IN (SELECT id FROM old_runs)")
        connection.execute("DELETE FROM runs WHERE id IN (SELECT id FROM old_runs)")
        connection.execute("DROP TABLE old_runs")
    _settle(ledger)
    return count


def prune_prompts(ledger: LedgerFile, *, before: float) -> int:
    """Deletes the text of prompts from before a moment; returns how many."""
    if not count_prompts(ledger, before=before):
        return 0
    _overwrite(ledger)
    with ledger.transaction() as connection:
        count = connection.execute("DELETE FROM prompts WHERE at < ?", (before,)).rowcount
    _settle(ledger)
    return count


def count_rows(ledger: LedgerFile, *, before: float) -> int:
    """Counts the attempts from before a moment."""
    found = ledger.read("SELECT COUNT(*) FROM attempts WHERE at < ?", (before,))
    return int(found[0][0]) if found else 0


def count_prompts(ledger: LedgerFile, *, before: float) -> int:
    """Counts the prompts from before a moment whose text is kept."""
    found = ledger.read("SELECT COUNT(*) FROM prompts WHERE at < ?", (before,))
    return int(found[0][0]) if found else 0


STALE = 604_800.0
"""A run over many documents that nobody went on with for so much longer is as old as one that ended."""
OLD_BATCHES = (
    "SELECT id FROM batches WHERE (ended < ?1 OR (ended IS NULL AND at < ?1 - ?2)) AND NOT EXISTS"
    " (SELECT 1 FROM batch_documents WHERE batch = batches.id AND state = 'submitted')"
)
"""What a provider still works on is not forgotten: its answers are paid for."""


def prune_batches(ledger: LedgerFile, *, before: float) -> int:
    """Deletes batches that ended before a moment, with their answers; returns how many."""
    if not count_batches(ledger, before=before):
        return 0
    _overwrite(ledger)
    with ledger.transaction() as connection:
        old = (before, STALE)
        connection.execute(f"CREATE TEMP TABLE old_batches AS {OLD_BATCHES}", old)
        handles = "SELECT id FROM provider_batches WHERE batch IN (SELECT id FROM old_batches)"
        connection.execute(f"DELETE FROM provider_batch_documents WHERE handle IN ({handles})")  # noqa: S608
        connection.execute("DELETE FROM provider_batches WHERE batch IN (SELECT id FROM old_batches)")
        connection.execute("DELETE FROM batch_documents WHERE batch IN (SELECT id FROM old_batches)")
        count = connection.execute("DELETE FROM batches WHERE id IN (SELECT id FROM old_batches)").rowcount
        connection.execute("DROP TABLE old_batches")
    _settle(ledger)
    return count


def count_batches(ledger: LedgerFile, *, before: float) -> int:
    """Counts the batches that ended before a moment."""
    found = ledger.read(f"SELECT COUNT(*) FROM ({OLD_BATCHES})", (before, STALE))  # noqa: S608
    return int(found[0][0]) if found else 0


def inputs(places: Places, *, before: float) -> tuple[str, ...]:
    """Returns the documents that came by stdin and were kept for a run to be resumed."""
    return tuple(path for path in _older(places.ours("batches"), before=before) if path.endswith(".jsonl"))


def _overwrite(ledger: LedgerFile) -> None:
    # Without it what is deleted stays readable in the file until its place is needed.
    ledger.read("PRAGMA secure_delete = ON")


def _settle(ledger: LedgerFile) -> None:
    ledger.read("PRAGMA wal_checkpoint(TRUNCATE)")


def answers(places: Places, *, before: float) -> tuple[str, ...]:
    """Returns the answers that were written to files of ours, here and in this repository."""
    folders = [places.ours("answers")]
    if places.project is not None:
        folders.append(os.path.join(places.project, ".outrider", "answers"))
    return tuple(path for folder in folders for path in _older(folder, before=before))


def threads(places: Places, *, before: float) -> tuple[str, ...]:
    """Returns the conversations of all repositories that nobody went on with since a moment."""
    root = places.ours("threads")
    return tuple(path for folder in _entries(root) for path in _older(folder, before=before))


def jobs(places: Places, *, before: float, is_alive: Callable[[str], bool]) -> tuple[str, ...]:
    """Returns the folders of jobs that ended and were not touched since a moment."""
    return tuple(
        path
        for path in _entries(places.ours("jobs"))
        if not is_alive(os.path.basename(path)) and _touched(path) < before
    )


def remove(paths: tuple[str, ...]) -> int:
    """Removes files and folders of ours; returns how many. Links are removed, never followed."""
    for path in paths:
        try:
            if os.path.isdir(path) and not os.path.islink(path):
                rmtree(path)
            else:
                os.unlink(path)
        except FileNotFoundError:
            continue
        except OSError as fault:
            raise StorageFault(f"cannot remove {path}: {fault.strerror}", hint=f"run `rm -r {path}`") from None
    return len(paths)


def _older(folder: str, *, before: float) -> Iterator[str]:
    if os.path.islink(folder):
        return
    for path in _entries(folder):
        if os.path.isfile(path) and not os.path.islink(path) and _touched(path) < before:
            yield path


def _entries(folder: str) -> tuple[str, ...]:
    try:
        return tuple(os.path.join(folder, name) for name in sorted(os.listdir(folder)))
    except (FileNotFoundError, NotADirectoryError):
        return ()


def _touched(path: str) -> float:
    try:
        return os.lstat(path).st_mtime
    except OSError:
        return 0.0


def in_words(found: Mapping[str, int]) -> str:
    """Returns what was, or would be, taken away."""
    return ", ".join(f"{count:,} {name}" for name, count in found.items() if count) or "nothing"
