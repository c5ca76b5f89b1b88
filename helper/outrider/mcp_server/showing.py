"""What can be asked, what a server has, and why a run went as it did, as tools: nothing here asks a model or costs.

Rows and past runs are our own words or a server's, so they are inert, but not fenced.
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from outrider.cli.explaining import explained
from outrider.cli.live import rows_for
from outrider.cli.model_facts import Facts, rates_now
from outrider.cli.servers import asked_and_recorded
from outrider.cli.show import one_line
from outrider.cli.sight import look
from outrider.errors import OutriderError
from outrider.mcp_server.desk import Desk
from outrider.mcp_server.results import Said, mistake
from outrider.rows import Model
from outrider.rules import containment
from outrider.rules.selection import resolve
from outrider.rules.usable import standing


def models(desk: Desk, *, name: str | None, local: bool) -> Said:
    """Lists the models that could answer now, or tells everything of one."""
    session = desk.session()
    situation, trouble = look(session)
    if name is not None:
        kind, found, _ = resolve(session.registry, name)
        if kind in {"task", "preset"}:
            row = session.registry.tasks.get(found) or session.registry.presets[found]
            chain = ", ".join(row.chain) or "computed"
            return _plain({"name": found, "kind": kind, "chain": list(row.chain)}, f"{found} is a {kind}: {chain}")
        provider, _, wire_id = found.partition("/")
        model = session.registry.models.get(found) or Model(name=found, provider=provider, id=wire_id)
        shape = Facts(session, situation, model, asked_as=name).shape()
        return _plain(shape, json.dumps(shape, indent=1, default=_jsonable))
    rows = []
    for model in session.registry.models.values():
        how = standing(session.registry, situation, model)
        is_local = session.registry.providers[model.provider].local
        if how.how != "call" or (local and not is_local):
            continue
        rates = rates_now(model, situation.at)
        rows.append({
            "name": model.name, "via": how.provider, "input_usd": rates.input, "output_usd": rates.output,
            "context": model.context, "local": is_local, "for": model.row.get("description"),
        })  # fmt: skip
    data = {"models": rows, "tasks": list(session.registry.tasks), "presets": list(session.registry.presets)}
    lines = [*(_line(row) for row in rows), *(f"note: {text}" for text in trouble)]
    none = "no model can be asked yet; a person sets a key with `outrider keys set NAME`"
    return _plain(data, "\n".join(lines) if lines else none)


def _line(row: Mapping[str, Any]) -> str:
    price = "free" if row["local"] else f"${_dollars(row['input_usd'])} in, ${_dollars(row['output_usd'])} out"
    context = f", {row['context']:,} tokens" if row["context"] else ""
    purpose = f": {row['for']}" if row["for"] else ""
    return f"{row['name']} ({row['via']}, {price}{context}){purpose}"


def _dollars(amount: Decimal | None) -> str:
    return "?" if amount is None else f"{amount.normalize():f}"


async def served(desk: Desk, provider: str) -> Said:
    """Asks a server what it serves now."""
    session = desk.session()
    row = session.registry.providers[provider]
    found = await asked_and_recorded(session, row, desk.way_out(session))
    if found.failure is not None:
        return mistake(
            f"{provider}: {found.failure.message}", "start it, or see `outrider doctor`", kind=found.failure.kind
        )
    known = [
        {"id": one_line(wire_id), "names": list(rows_for(session.registry, provider, wire_id))}
        for wire_id in found.served.ids
    ]
    lines = [f"{one['id']} ({', '.join(one['names']) or f'{provider}/' + str(one['id'])})" for one in known]
    return _plain({"provider": provider, "models": known}, "\n".join(lines) or f"{provider} has no models")


def why(desk: Desk, *, run: str | None) -> Said:
    """Explains a run: the one named, else this server's last, else the last of the client's session."""
    session = desk.session()
    if run is None and desk.last_run is None and not session.environment.get("CLAUDE_CODE_SESSION_ID"):
        raise OutriderError("nothing has run yet in this session", hint="call `ask`, or name a `run`")
    shape, lines = explained(session, run or desk.last_run)
    # What it was decided from is for replaying a decision, and longer than all the rest.
    return _plain({name: value for name, value in shape.items() if name != "inputs"}, "\n".join(lines))


def _plain(data: Mapping[str, Any], text: str) -> Said:
    return Said(text=containment.neutral(text), data=_inert(data))


def _inert(value: Any) -> Any:
    """Returns plain JSON whose texts imitate nobody."""
    match value:
        case str():
            return containment.neutral(value)
        case Decimal():
            return float(value)
        case Mapping():
            return {containment.neutral(str(name)): _inert(item) for name, item in value.items()}
        case list() | tuple() | frozenset() | set():
            return [_inert(item) for item in value]
        case _:
            return value


def _jsonable(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else str(value)
