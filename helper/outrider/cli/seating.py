"""Sets a panel's table: what is asked, who sits there, and whether anybody can be asked at all.

All seats of a command are one run in the book, so that its budget is one wall.
"""

import itertools
import re
from collections.abc import Mapping
from typing import Any

from outrider.cli import asking
from outrider.cli.asking import Decided, Wish
from outrider.cli.run_ask import run_row
from outrider.cli.seats import LARGEST_ANSWER, given_reply, seat
from outrider.cli.session import Session
from outrider.cli.show import note
from outrider.data import NOTHING, Message, Route
from outrider.doors.files import read_small
from outrider.doors.ledger import RunRow
from outrider.doors.transport.recorded import about
from outrider.errors import OutriderError, Refused, StorageFault
from outrider.records import record, replace
from outrider.rules.panels.nouns import Reply, Seat
from outrider.rules.receipts import no_model
from outrider.rules.routing import route as decide

DIGEST = re.compile(r"[0-9a-f]{16,128}")


@record
class Table:
    """A seated panel: what is asked, who sits there, which answers were handed in, and where each seat is reached."""

    session: Session
    decided: Decided
    number: str
    seats: tuple[Seat, ...]
    given: tuple[Reply, ...]
    command: str
    about: Mapping[str, str]
    """What a recording that is replayed says of its run, else nothing."""

    @property
    def messages(self) -> tuple[Message, ...]:
        """What every seat is asked."""
        return self.decided.request.messages

    @property
    def is_private(self) -> bool:
        """Whether it is bound to the user's own machines."""
        return self.decided.route.private

    @property
    def mark(self) -> str:
        """What bounds an answer that is shown to a model: always the same for a question, and known to nobody else."""
        return f"a{self.digest[:10]}"

    @property
    def seed(self) -> int:
        """What shuffles answers: always the same for a question."""
        return int(self.digest[10:18], 16)

    @property
    def digest(self) -> str:
        """What the marks and the shuffling are made of."""
        text = "\0".join(message.text for message in self.messages)
        told = self.about.get("panel", "")
        return told if DIGEST.fullmatch(told) else self.session.keys.digest(f"panel\0{text}")

    def row(self, panel: Mapping[str, Any] = NOTHING) -> RunRow:
        """Returns what the book says of the run; `panel` is what it came to, for `why`."""
        row = run_row(self.session, self.decided, self.number, command=self.command)
        seats = [{"model": one.model, "family": one.family, "stance": one.stance or None} for one in self.seats]
        given = [reply.seat.model for reply in self.given]
        return replace(row, decision={**row.decision, "panel": {"seats": seats, "given": given, **panel}})

    def end(self, *, outcome: str, kind: str | None, panel: Mapping[str, Any]) -> None:
        """Books how it ended: `answer`, or `failure` with the verdict that it came to."""
        try:
            self.session.ledger.end_run(self.row(panel), outcome=outcome, kind=kind)
        except StorageFault as fault:
            # The answers are paid for: they are printed all the same.
            note(f"could not book how run {self.number} ended: {fault.message}")


def set_table(
    session: Session, wish: Wish, *, command: str, names: tuple[str, ...], answers: Mapping[str, str],
    stances: tuple[str, ...] = (), others: tuple[str, ...] = (), schema: str | None = None, replay: str | None = None,
) -> Table:  # fmt: skip
    """Decides for every seat and for those who judge (`others`); refuses where nobody could say anything."""
    if len(stances) > len(names):
        raise OutriderError(
            f"there are {len(stances)} stances and {len(names)} seats", hint="give `--stance` one side for each seat"
        )
    number = asking.new_run()
    named = itertools.zip_longest(names, stances[: len(names)], fillvalue="")
    seats = tuple(seat(session.registry, name, stance=stance) for name, stance in named)
    given = tuple(
        given_reply(session, one.model, answers[one.model], stance=one.stance) for one in seats if one.model in answers
    )
    asked = tuple(name for name in (*names, *others) if name not in answers)
    wish = replace(wish, fallback=False, reads=(*answers.values(), *((schema,) if schema is not None else ())))
    first = asking.decide_on(
        session, replace(wish, model=(asked or names)[0]), run=number, may_ask_servers=True
    )  # fmt: skip
    routes = [first.route, *(_route(session, first, name) for name in asked[1:])]
    joined = replace(
        first.route, task="", rule=f"{command}: {', '.join(names)}", level=None,
        targets=tuple(target for route in routes for target in route.targets[:1]),
        passed=tuple(passed for route in routes for passed in route.passed),
        chain=tuple(name for route in routes for name in route.chain[:1]),
    )  # fmt: skip
    # Another seat may be shown an answer that was handed in: the audit has it as a file like any other.
    papers = tuple(("file", path, read_small(path, limit=LARGEST_ANSWER) or b"") for path in answers.values())
    prompt = replace(first.prompt, papers=(*first.prompt.papers, *papers))
    decided = replace(first, route=joined, prompt=prompt, schema_path=schema)
    table = Table(
        session=session, decided=decided, number=number, seats=seats, given=given,
        command=command, about=about(replay) if replay is not None else NOTHING,
    )  # fmt: skip
    if asked and not given and not any(route.targets for route in routes[: len(names)]):
        raise _nobody(table)
    return table


def _nobody(table: Table) -> OutriderError:
    """Books a run for which no seat could be asked, and returns why; `why` can explain it."""
    session, route = table.session, table.decided.route
    kind, message, hint = no_model(session.registry, route, private=route.private)
    session.ledger.record_run(table.row(), outcome="refused", kind=kind)
    if kind in {"private", "budget"}:
        return Refused(message, hint=hint, kind=kind)
    mistake = OutriderError(message, hint=hint)
    mistake.kind = kind
    return mistake


def _route(session: Session, decided: Decided, name: str) -> Route:
    selection = replace(decided.selection, model=name, task=None, fallback=False)
    return decide(session.registry, selection, decided.facts, decided.situation)
