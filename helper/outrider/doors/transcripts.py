"""Claude Code's transcripts: what grew since the last time is read, and what all of them hold is summed.

A gigabyte of history is read once and then only where it grew. Nothing of a conversation is kept: numbers, names of
models and agents, folders, times. What could not be read is counted and said.
"""

import json
import os
from collections.abc import Callable, Iterator
from typing import Any

from outrider.doors.files import read_small
from outrider.doors.settings import Places
from outrider.doors.transcripts_book import DAY, MINUTE, Book, Broken, FileState
from outrider.doors.transcripts_files import Found, Lines, Walk, opened, tail_digest
from outrider.errors import OutriderError
from outrider.records import replace
from outrider.rules import transcripts as rules
from outrider.rules.client_prices import SUMMED, Tokens
from outrider.rules.skipping import Skipped
from outrider.rules.spending import End, Heap
from outrider.rules.transcripts import Call, Meta, Result

BATCH = 4_000
"""Replies that are held before they are written: it bounds memory whatever a file's size."""
SETTLE = 128 * 1_048_576
"""Bytes after which a first pass is made to last, so that one that is stopped need not begin anew."""
SMALL = 65_536
LONG = 100_000_000
"""Bytes that take some seconds to read."""


class Transcripts:
    """The history of one Claude Code folder."""

    def __init__(self, places: Places) -> None:
        self.root = os.path.join(places.claude, "projects")
        self._places = places
        self._book: Book | None = None

    def close(self) -> None:
        """Closes the cache."""
        if self._book is not None:
            self._book.close()
            self._book = None

    def refresh(self, *, warn: Callable[[int], None] | None = None) -> Skipped:
        """Reads what grew or changed, and returns what was skipped, of all files.

        Where that is more than a person waits for in silence, `warn` hears how many bytes it is.
        """
        walk = Walk(self.root)
        if self._book is None:
            if not walk.files and not os.path.exists(self._places.ours("transcripts.db")):
                return Skipped(links=walk.links, unreadable=tuple(walk.unreadable))
            self._book = Book(self._places)
        for on_disk in (True, False):
            try:
                return self._refreshed(self._book, walk, warn)
            except Broken:
                # A cache that breaks while it is used is as good as none: made anew, or done without.
                self._book = self._book.anew(on_disk=on_disk)
        return self._refreshed(self._book, walk, warn)

    def _refreshed(self, book: Book, walk: Walk, warn: Callable[[int], None] | None) -> Skipped:
        with book.changing():
            reading = _Reading(book, walk, warn)
            reading.all()
        states = [state for _, state in book.files().values()]
        return Skipped(
            cut=sum(state.cut for state in states), long=sum(state.long for state in states),
            bad=sum(state.bad for state in states), odd=sum(state.odd for state in states),
            unfinished=sum(state.unfinished for state in states), links=walk.links,
            unreadable=tuple(sorted((*walk.unreadable, *reading.unreadable))), copies=book.copies(),
            remade=book.remade, unkept=book.unkept,
        )  # fmt: skip

    def heaps(self, *, since: float, steps: tuple[int, ...], by_minute: bool) -> Iterator[Heap]:
        """Yields what was used since a moment (seconds since 1970), by whose it is, day or minute, and size of prompt.

        `steps` are the prompt sizes above which some price changes.
        """
        if self._book is None:
            return
        grain = MINUTE if by_minute else DAY
        for context, at, above, numbers in self._book.sums(since=int(since * 1000), steps=steps, grain=grain):
            yield Heap(
                context=context, at=at / 1000, prompt=steps[above - 1] + 1 if above else 0,
                tokens=Tokens(**dict(zip(SUMMED, numbers, strict=True))),
            )  # fmt: skip

    def calls(self) -> tuple[Call, ...]:
        """Returns the subagents that were asked for; of copies of a call the original."""
        found = (Call(**facts) for facts in self._told(Call))
        return tuple({call.id: call for call in sorted(found, key=lambda call: not call.copied)}.values())

    def results(self) -> tuple[Result, ...]:
        """Returns what was said of subagents when they had started or ended; one that ran in the background has two."""
        return tuple(Result(**facts) for facts in self._told(Result))

    def metas(self) -> tuple[Meta, ...]:
        """Returns what is written beside the transcripts of subagents."""
        return tuple(Meta(**facts) for facts in self._told(Meta))

    def ends(self, *, since: float) -> tuple[End, ...]:
        """Returns how each subagent began and ended: its first request and its last reply since a moment."""
        found: dict[str, End] = {}
        parts = self._book.ends(since=int(since * 1000)) if self._book is not None else ()
        for context, begun, (fresh, read, five, hour), ended, output in parts:
            agent_id = context["agent_id"]
            if not context["side"] or not agent_id:
                continue
            first = Tokens(calls=1, fresh=fresh, read=read, five=five, hour=hour)
            one = End(context=context, begun=begun, first=first, ended=ended, output=output)
            old = found.get(agent_id, one)
            start, stop = min(old, one, key=lambda end: end.begun), max(old, one, key=lambda end: end.ended)
            found[agent_id] = replace(start, ended=stop.ended, output=stop.output)
        return tuple(found.values())

    def _told(self, kind: type[Call | Result | Meta]) -> list[dict[str, Any]]:
        return self._book.told(kind) if self._book is not None else []


class _Reading:
    """One pass over the files."""

    def __init__(self, book: Book, walk: Walk, warn: Callable[[int], None] | None) -> None:
        self._book, self._walk, self._warn = book, walk, warn
        self.unreadable: list[str] = []
        self._read = 0

    def all(self) -> None:
        """Reads what changed, forgets what went, and keeps it."""
        self._book.begin()
        try:
            known = self._book.files()
            present = {**self._walk.files, **self._walk.metas}
            offsets = {path: state.offset for path, (_, state) in known.items()}
            new = sum(max(found.size - offsets.get(path, 0), 0) for path, found in self._walk.files.items())
            if self._warn is not None and new > LONG:
                self._warn(new)
            for path, (gone, _) in known.items():
                if path not in present and not self._is_hidden(path):
                    self._book.forget(gone)
            for found in present.values():
                entry = known.get(found.path)
                number = entry[0] if entry is not None else None
                state = entry[1] if entry is not None else None
                if state is not None and (state.inode, state.size, state.changed) == (
                    found.inode, found.size, found.changed,
                ):  # fmt: skip
                    continue
                try:
                    self._one(found, number, state)
                except (OSError, OutriderError):
                    self.unreadable.append(found.path)
                if self._read > SETTLE:
                    self._read = 0
                    self._book.settle()
                    self._book.begin()
            self._book.settle()
        except BaseException:
            self._book.give_up()
            raise

    def _is_hidden(self, path: str) -> bool:
        """Whether a file may still be there, in a folder that cannot be looked into now."""
        return any(not folder or path.startswith(folder + os.sep) for folder in self._walk.unreadable)

    def _one(self, found: Found, number: int | None, state: FileState | None) -> None:
        if found.path in self._walk.metas:
            self._meta(found, number)
            return
        descriptor = opened(self._walk.root, found.path)
        try:
            has_grown = (
                state is not None and state.inode == found.inode and found.size > state.size
                and state.digest == tail_digest(descriptor, state.offset)
            )  # fmt: skip
            if state is None or not has_grown:
                if number is not None:
                    self._book.forget(number)
                number = None
                state = FileState(path=found.path, inode=0, size=0, changed=0, last=found.changed // 10**6)
            # Only a file that was read to its end is known as it is now.
            file = self._book.put_file(replace(state, size=-1), number)
            done = self._lines(descriptor, state, file)
            self._book.put_file(replace(done, inode=found.inode, size=found.size, changed=found.changed), file)
        finally:
            os.close(descriptor)

    def _lines(self, descriptor: int, state: FileState, file: int) -> FileState:
        """Reads one file on from where it was left, and returns how far that was."""
        session, agent_id = rules.place(state.path.replace(os.sep, "/"))
        lines = Lines(descriptor, state.offset)
        kept: dict[int, tuple[Any, ...]] = {}
        told: list[Call | Result] = []
        bad, odd, last = state.bad, state.odd, state.last
        for text in lines:
            try:
                line = json.loads(text)
                found = rules.replies(line, agent_id=agent_id, session=session, at=last)
            except (ValueError, RecursionError, AttributeError, OutriderError):
                if not lines.in_tail:
                    bad += 1
                continue
            for reply in found:
                old = kept.get(reply[0])
                kept[reply[0]] = reply if old is None else rules.merged(old, reply)
                last = reply[1]
            if found and rules.MAY_CALL in text:
                told += rules.calls(line, agent_id=agent_id, session=session, at=last)
            elif not found:
                one = rules.result(line, at=last)
                told += [one] if one is not None else []
            odd += rules.is_odd(line) and not lines.in_tail
            if len(kept) >= BATCH:
                self._book.put_replies(file, kept.values())
                kept.clear()
        self._book.put_replies(file, kept.values())
        self._book.put_told(file, told)
        self._read += lines.offset - state.offset
        return replace(
            state, offset=lines.offset, digest=tail_digest(descriptor, lines.offset), last=last, bad=bad, odd=odd,
            cut=state.cut + lines.cut, long=state.long + lines.long, unfinished=int(lines.unfinished),
        )  # fmt: skip

    def _meta(self, found: Found, number: int | None) -> None:
        if number is not None:
            self._book.forget(number)
        state = FileState(path=found.path, inode=found.inode, size=found.size, changed=found.changed)
        data = read_small(os.path.join(self._walk.root, found.path), limit=SMALL, follow=False)
        try:
            _, agent_id = rules.place(found.path.replace(os.sep, "/"))
            meta = rules.meta(json.loads(data or b"null"), agent_id=agent_id)
        except (ValueError, RecursionError):
            meta, state = None, replace(state, bad=1)
        file = self._book.put_file(state, None)
        if meta is not None:
            self._book.put_told(file, (meta,))
