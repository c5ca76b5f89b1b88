"""Answers `audit data`: what was handed to whom, and whether a file ever reached a provider."""

import os
from collections.abc import Iterable, Mapping
from typing import Any

from outrider.cli import disclosing
from outrider.cli.prompts import LARGEST_IMAGE
from outrider.cli.session import Session
from outrider.cli.show import dump, note, out, table
from outrider.doors import ledger_audit, ledger_tools
from outrider.doors.files import read_small
from outrider.doors.ledger_read import stamp
from outrider.errors import OutriderError
from outrider.rules.disclosure import verdict
from outrider.rules.nearest import nearest

HEADS = ("at (UTC)", "reached", "what", "bytes", "class", "model", "origin", "rule", "certainty", "digest", "run")
TOOL_HEADS = (
    "at (UTC)", "server", "tool", "outcome", "told", "bytes in", "bytes out", "class", "arguments", "result", "run"
)  # fmt: skip
MATCHES = {"content": "its content of now", "path": "its path, with other content", "both": "its content of now"}


def known_provider(session: Session, name: str) -> None:
    """Raises for a provider that neither the registry nor the book has ever heard of."""
    known = {**dict.fromkeys(session.registry.providers), **dict.fromkeys(ledger_audit.providers(session.ledger))}
    if name not in known:
        close = nearest(name, known)
        raise OutriderError(
            f"no provider is called `{name[:80]}`, and none ever was",
            hint=f"did you mean `{close}`?" if close else "run `outrider providers`",
        )


def everything(session: Session, *, provider: str | None, since: float, as_json: bool, quiet: bool) -> int:
    """Prints every row since a moment."""
    rows = tuple(ledger_audit.disclosed(session.ledger, since=since, provider=provider))
    calls = tuple(ledger_tools.calls(session.ledger, since=since)) if provider is None else ()
    if as_json:
        dump({"since": stamp(since) if since else None, "provider": provider, "rows": rows, "tool_calls": calls,
              "stored_prompts": ledger_audit.stored_prompts(session.ledger)})  # fmt: skip
        return 0
    if not rows:
        out("nothing was handed to any model" + (f" since {stamp(since)}" if since else ""))
        return 0
    _print(rows)
    if calls:
        out("")
        _print_calls(calls)
    if not quiet:
        kept = ledger_audit.stored_prompts(session.ledger)
        note("digests are keyed by this installation; what Claude Code reads itself is not in this book")
        if kept:
            note(f"the text of {kept} prompts is kept (`privacy.store_prompts`); `outrider prune --prompts` clears it")
    return 0


def of_file(session: Session, path: str, *, provider: str | None, since: float, as_json: bool, quiet: bool) -> int:
    """Says whether a file reached a provider: yes, no or in doubt, with the rows that say so."""
    if os.path.isdir(path):
        raise OutriderError(f"{path} is a folder", hint=f"name a file in it: `--file {path}/FILE`")
    data = read_small(path, limit=LARGEST_IMAGE)
    digests: tuple[str, ...] = ()
    if data is not None:
        plain = disclosing.content(data)
        # A prompt that was piped in whole is booked without the line ends around it.
        stripped = plain.decode("utf-8", "replace").strip("\n").encode("utf-8", "replace")
        digests = tuple(dict.fromkeys(session.keys.digest_bytes(form) for form in (plain, stripped)))
    found = tuple(
        ledger_audit.disclosed(
            session.ledger, since=since, provider=provider, digests=digests,
            path_digest=disclosing.path_digest(session, path),
        )
    )  # fmt: skip
    by_content = verdict(row["reached"] for row in found if row["matched"] != "path")
    by_path = verdict(row["reached"] for row in found if row["matched"] != "content")
    whole = verdict(row["reached"] for row in found)
    if as_json:
        dump({
            "file": os.path.realpath(path), "exists": data is not None, "provider": provider,
            "since": stamp(since) if since else None, "reached": whole,
            "by_content": by_content if data is not None else None, "by_path": by_path, "rows": found,
        })  # fmt: skip
        return 0
    whom = provider or "any provider"
    out(f"{whole}: {_sentence(path, whom, whole, found, exists=data is not None)}")
    if found:
        _print(found)
    if not quiet:
        note("a part of a file that was pasted into a prompt, and what Claude Code read itself, cannot be found here")
    return 0


def _sentence(path: str, whom: str, whole: str, found: Iterable[Mapping[str, Any]], *, exists: bool) -> str:
    ways = {row["matched"] for row in found if row["reached"] == whole}
    gone = "" if exists else " (there is no such file now, so it was looked for by its path alone)"
    if whole == "no":
        return f"{path} did not reach {whom}, neither with its content of now nor from this path{gone}"
    how = MATCHES["path"] if ways == {"path"} else MATCHES["content"]
    verb = "reached" if whole == "yes" else "may have reached"
    return f"{path} {verb} {whom}, found by {how}{gone}"


def _print(rows: Iterable[Mapping[str, Any]]) -> None:
    table(
        [
            (
                row["at"], row["reached"], _what(row), f"{row['bytes']:,}", row["class"] or "-", row["model"],
                row["origin"] or ("inside outrider" if row["local"] else "-"), row["rule"], row["certainty"],
                row["digest"], row["run"],
            )
            for row in rows
        ],
        heads=HEADS,
    )  # fmt: skip


def _print_calls(calls: Iterable[Mapping[str, Any]]) -> None:
    """Prints what tool servers were told, and what they gave back."""
    table(
        [
            (
                row["at"], row["server"], row["tool"], row["kind"] or row["outcome"], row["place"],
                f"{row['arguments']['bytes']:,}", f"{row['result']['bytes']:,}", row["class"] or "-",
                row["arguments"]["digest"], row["result"]["digest"] or "-", row["run"],
            )
            for row in calls
        ],
        heads=TOOL_HEADS,
    )  # fmt: skip


def _what(row: Mapping[str, Any]) -> str:
    name = f"{row['what']} {row['name']}" if row["name"] and row["name"] != row["what"] else row["what"]
    return f"{name} (older content)" if row.get("matched") == "path" else str(name)
