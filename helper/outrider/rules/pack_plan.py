"""The plan of one run over the pack: a step for every file, and what the manifest says before and after the writing.

Pure: hashes in, steps out. The manifest is written before the first file, with what is about to be done, and after the
last one: whatever a kill leaves behind, the next run reads there what was under way.
"""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet

from outrider.records import record
from outrider.rules.installing import NEW, WRITES, Action, Entry, decide, parents, settled


@record
class Step:
    """What becomes of one file. `actual` is a hash, or the word for what else stands in its place.

    `aside` has the user's file renamed first. `adopted`: it was there before us with our very bytes, so it is not ours.
    """

    path: str
    action: Action
    desired: str | None
    offered: str | None
    actual: str | None
    aside: bool = False
    adopted: bool = False

    @property
    def touches(self) -> bool:
        """Whether anything on the disk changes."""
        return self.action in WRITES or self.action == "retire"


def plan(
    desired: Mapping[str, str],
    entries: Mapping[str, Entry],
    actual: Mapping[str, str | None],
    *,
    seeds: AbstractSet[str] = frozenset(),
    restore: bool = False,
) -> tuple[Step, ...]:
    """Returns a step for each file that is wanted or known.

    `actual` has every path that `paths` names. `seeds` are written once, for the user to go on with; a file of the
    user's that stands in the place of one stays without a word.
    """
    steps: list[Step] = []
    for path in _mains(desired, entries):
        wanted = desired.get(path)
        if path in seeds and not restore:
            known = settled(entries.get(path), actual[path])
            wanted = known if known is not None else (wanted if actual[path] is None else None)
        step = _step(path, wanted, entries.get(path), actual[path], restore=restore)
        steps.append(step)
        beside = _beside(step, entries.get(path + NEW), actual[path + NEW])
        steps += [beside] if beside.action not in {"nothing", "foreign"} else []
    return tuple(steps)


def paths(desired: Iterable[str], entries: Iterable[str]) -> Iterator[str]:
    """Yields every place that has to be looked at."""
    for path in _mains(desired, entries):
        yield path
        yield path + NEW


def _mains(desired: Iterable[str], entries: Iterable[str]) -> list[str]:
    return sorted({*desired, *(path.removesuffix(NEW) for path in entries)})


def _step(path: str, wanted: str | None, entry: Entry | None, actual: str | None, *, restore: bool) -> Step:
    offered = settled(entry, actual)
    action = decide(wanted, offered, actual)
    was_adopted = entry is not None and entry.adopted and offered == entry.offered
    if action == "retire" and was_adopted:
        action = "release"
    is_brought_back = restore and action in {"keep", "conflict", "respect"}
    return Step(
        path=path, action="create" if is_brought_back else action, desired=wanted, offered=offered, actual=actual,
        aside=is_brought_back and actual is not None,
        adopted=was_adopted or (action == "adopt" and offered is None),
    )  # fmt: skip


def _beside(step: Step, entry: Entry | None, actual: str | None) -> Step:
    """Returns the step for the file that holds ours beside the user's; it is there while the two differ."""
    wanted = step.desired if step.action == "conflict" else None
    offered = settled(entry, actual)
    if wanted is not None and actual is None and offered != wanted:
        # What was deleted was an older one: this one has not been seen yet.
        offered = None
    action = decide(wanted, offered, actual)
    return Step(path=step.path + NEW, action=action, desired=wanted, offered=offered, actual=actual)


def before(step: Step) -> Entry | None:
    """Returns what the manifest says of a file while the run is under way."""
    match step.action:
        case "create":
            return Entry(offered=None, intended=step.desired)
        case "update":
            return Entry(offered=step.offered, intended=step.desired, adopted=step.adopted)
        case "retire":
            return Entry(offered=step.offered, removing=True)
        case _:
            return after(step)


def after(step: Step) -> Entry | None:
    """Returns what the manifest says of a file when the run is over; nothing of what is not ours."""
    match step.action:
        case "create" | "update":
            return Entry(offered=step.desired)
        case "adopt" | "unchanged":
            return Entry(offered=step.desired, adopted=step.adopted)
        case "keep" | "conflict" | "respect":
            return undone(step)
        case _:
            return None


def undone(step: Step) -> Entry | None:
    """Returns what the manifest says of a file that changed between the decision and the writing: as it said before."""
    return Entry(offered=step.offered, adopted=step.adopted) if step.offered is not None else None


def unsettled(steps: Iterable[Step]) -> tuple[Step, ...]:
    """Returns the conflicts that wait for the user; one whose `.new` they deleted is settled."""
    known = tuple(steps)
    deleted = {step.path for step in known if step.path.endswith(NEW) and step.action == "respect"}
    return tuple(
        step
        for step in known
        if step.action == "conflict" and not step.path.endswith(NEW) and step.path + NEW not in deleted
    )


def folders(steps: Iterable[Step]) -> tuple[str, ...]:
    """Returns the folders that the wanted files are in, the highest first."""
    found = {folder for step in steps if step.desired is not None for folder in parents(step.path)}
    return tuple(sorted(found))
