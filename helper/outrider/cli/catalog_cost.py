"""`outrider catalog cost`: a plan's price per stage and in total, beside one model for everything."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from outrider.cli import facts_in_force
from outrider.cli.catalog_stale import today
from outrider.cli.session import Session
from outrider.cli.show import dollars, dump, note, out, table
from outrider.doors.files import read_small
from outrider.errors import OutriderError
from outrider.records import as_dict
from outrider.rules.facts.nouns import Fact
from outrider.rules.facts.planning import Line, Plan, Priced, all_by_one, lines, plan_from, total
from outrider.rules.facts.pricing import of_fact
from outrider.rules.nearest import nearest

LARGEST = 1_048_576


def cost(file: str | None, flags: Mapping[str, Any], *, as_json: bool, quiet: bool) -> None:
    """Prints what a plan costs."""
    session = Session()
    plan = _plan(file, flags)
    known = Known(session)
    wanted = dict.fromkeys(stage.model for stage in plan.stages) | ({plan.beside: None} if plan.beside else {})
    priced = {name: known.priced(name) for name in wanted}
    day = today()
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
    own = lines(plan.stages, priced, midnight=midnight)
    one = lines(all_by_one(plan.stages, plan.beside), priced, midnight=midnight) if plan.beside else ()
    if as_json:
        dump(_shape(plan, own, one, known=known, day=day.isoformat()))
        return
    _print(plan, own, one)
    notes = dict.fromkeys(text for line in (*own, *one) for text in line.notes)
    for text in () if quiet else (*notes, f"prices of {known.oldest}" + (" or later" if len(known.days) > 1 else "")):
        note(text)


def _plan(file: str | None, flags: Mapping[str, Any]) -> Plan:
    given = {name: value for name, value in flags.items() if value is not None}
    if file is None:
        if "model" not in given:
            raise OutriderError("name a FILE, or a `--model`", hint="see `outrider catalog cost --help`")
        beside = given.pop("beside", None)
        row = {name: float(value) if isinstance(value, Decimal) else value for name, value in given.items()}
        return plan_from({"stages": [{"name": "all", **row}], "beside": beside})
    if set(given) - {"beside"}:
        raise OutriderError("a FILE says all but `--beside` itself", hint="leave out the other flags, or the file")
    data = read_small(file, limit=LARGEST)
    if data is None:
        raise OutriderError(f"there is no {file}", hint="see `outrider catalog cost --help`")
    return plan_from({**_read(data, file), **({"beside": given["beside"]} if given else {})})


def _read(data: bytes, file: str) -> Mapping[str, Any]:
    if file.endswith(".json"):
        try:
            found = json.loads(data)
        except (ValueError, RecursionError):
            raise OutriderError(f"{file} is not JSON", hint="mend it, or write it as YAML") from None
    else:
        from outrider.doors.documents import load_yaml

        found = load_yaml(data, source=file)
    if not isinstance(found, dict):
        raise OutriderError(f"{file} is no plan: it has no `stages`", hint="see `outrider catalog cost --help`")
    return found


class Known:
    """Finds prices by the registry's names, aliases, wire ids and names, and remembers whose they are."""

    def __init__(self, session: Session) -> None:
        self._registry = session.registry
        self._facts = facts_in_force.gathered(session)
        self._by_key = {fact.key: fact for fact in self._facts.catalog.facts}
        self.used: dict[str, Fact] = {}

    @property
    def days(self) -> set[str]:
        """The days of the prices that were used."""
        return {fact.as_of for fact in self.used.values() if fact.as_of}

    @property
    def oldest(self) -> str:
        """The day of the oldest price that was used."""
        return min(self.days, default="no known day")

    def priced(self, name: str) -> Priced:
        """Returns what is known of a model; raises for a name that nothing has."""
        fact = self._fact(name)
        self.used[name] = fact
        return Priced(price=of_fact(fact), context=fact.context, max_output=fact.max_output)

    def _fact(self, name: str) -> Fact:
        key = self._facts.names.get(name)
        if key is None and "/" in name:
            provider, _, wire_id = name.partition("/")
            key = (provider, wire_id)
        if key in self._by_key:
            return self._by_key[key]
        found = [fact for fact in self._by_key.values() if name in {fact.id, fact.name}]
        if not found:
            close = nearest(name, (*self._facts.names, *(fact.id for fact in self._by_key.values())))
            guess = f"did you mean `{close}`? " if close else ""
            raise OutriderError(f"the catalog has no `{name[:80]}`", hint=f"{guess}run `outrider catalog show PART`")
        if len({fact.provider for fact in found}) > 1:
            shown = ", ".join(sorted(f"{fact.provider}/{fact.id}" for fact in found)[:5])
            raise OutriderError(f"`{name[:80]}` is served by several providers", hint=f"name one: {shown}")
        return found[0]


def _print(plan: Plan, own: tuple[Line, ...], one: tuple[Line, ...]) -> None:
    heads = ["stage", "model", "documents", "tokens in", "tokens out", "cost"]
    rows = [
        [line.stage.name, line.stage.model, f"{line.stage.documents:,}",
         f"{line.stage.documents * line.stage.input:,}", f"{line.stage.documents * line.stage.output:,}",
         dollars(line.cost)]
        for line in own
    ]  # fmt: skip
    rows.append(["total", "", "", "", "", dollars(total(own))])
    if plan.beside:
        heads.append(f"all by {plan.beside}")
        for row, line in zip(rows, one, strict=False):
            row.append(dollars(line.cost))
        rows[-1].append(dollars(total(one)))
    table(rows, heads=heads)
    times = _times(own, one)
    if times is not None:
        out(f"{plan.beside} for everything costs {times:.1f} times as much")


def _times(own: tuple[Line, ...], one: tuple[Line, ...]) -> Decimal | None:
    ours, other = total(own), total(one)
    return other / ours if one and ours and other is not None else None


def _shape(
    plan: Plan, own: tuple[Line, ...], one: tuple[Line, ...], *, known: Known, day: str
) -> dict[str, Any]:  # fmt: skip
    times = _times(own, one)
    beside = {
        "model": plan.beside, "costs": [line.cost for line in one], "total": total(one), "times": times
    }  # fmt: skip
    return {
        "day": day, "total": total(own),
        "stages": [{**as_dict(line.stage), "cost": line.cost, "notes": list(line.notes)} for line in own],
        "beside": beside if plan.beside else None,
        "prices": {name: {"provider": fact.provider, "id": fact.id, "as_of": fact.as_of, "source": fact.source}
                   for name, fact in known.used.items()},
    }  # fmt: skip
