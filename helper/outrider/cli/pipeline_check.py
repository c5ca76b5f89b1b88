"""What is checked before a pipeline asks anybody: its documents have the fields, its stages have somebody to ask."""

from collections.abc import Iterator
from decimal import Decimal

from outrider.cli import pipeline_estimate, pipeline_file
from outrider.cli.batch_plan import WAITED_FOR
from outrider.cli.pipeline_estimate import Bill
from outrider.cli.pipeline_file import Loaded
from outrider.cli.pipeline_input import Documents
from outrider.cli.pipeline_stage import StagePlan, Walls
from outrider.cli.session import Session
from outrider.cli.show import dollars, note
from outrider.data import Route
from outrider.errors import OutriderError, Refused
from outrider.records import replace
from outrider.rules.bulk.nouns import Document
from outrider.rules.bulk.template import names
from outrider.rules.pipelines import filling, graph
from outrider.rules.pipelines.nouns import Stage
from outrider.rules.receipts import no_model


def documents(loaded: Loaded, found: Documents) -> Documents:
    """Takes out the documents that lack a field which a stage names; raises where none has it."""
    pipeline = loaded.pipeline
    made = frozenset(stage.name for stage in pipeline.stages)
    has_fields = {name for name, (_, has) in graph.readable(pipeline).items() if has}
    known = {*made, *(name for item in found.items[:1] for name in item.fields)}
    lacking: dict[str, str] = {}
    for stage in pipeline.stages:
        if stage.asks and stage.kind != "reduce" and not names(stage.template, known=known):
            raise OutriderError(
                f"{loaded.path}: the template of the stage `{stage.name}` names no field, so every item would be asked "
                "the same", hint="put a field in, as `{text}`, or the name of an earlier stage",
            )  # fmt: skip
        if stage.name not in has_fields:
            continue
        lost = dict(filling.missing(stage, found.items, made))
        if lost and len(lost) == len(found.items):
            field = next(iter(lost.values()))
            there = ", ".join(list(found.items[0].fields)[:12])
            raise OutriderError(
                f"{loaded.path}: the stage `{stage.name}` names `{{{field}}}`, which no document of {found.source} has",
                hint=f"they have {there}",
            )
        lacking |= {name: f"lacks `{field}`, which the stage `{stage.name}` names" for name, field in lost.items()}
    if not found.items:
        why = f": {found.faults[0][0]} {found.faults[0][1]}" if found.faults else ""
        raise OutriderError(f"{found.source} has no document that can be asked{why}", hint="look at its first lines")
    return replace(
        found, items=tuple(item for item in found.items if item.id not in lacking),
        faults=(*found.faults, *lacking.items()),
    )  # fmt: skip


def routes(session: Session, loaded: Loaded, found: Documents, *, quiet: bool) -> None:
    """Refuses a pipeline of which a stage has nobody to ask, as a single question would be; a server may come yet."""
    asking = [stage.name for stage in loaded.pipeline.stages if stage.asks]
    if session.inside_claude and not loaded.private.issuperset(asking):
        from outrider.cli.classifying import refuse_denied

        refuse_denied(session, (loaded.path, *found.files), reads_stdin=False)
    told: dict[str, None] = {}
    for stage in graph.order(loaded.pipeline):
        if not stage.asks:
            continue
        for route in _routes(session, loaded, stage, found):
            told |= dict.fromkeys(route.notes)
            if route.targets or any(passed.kind in WAITED_FOR for passed in route.passed):
                continue
            kind, message, hint = no_model(session.registry, route, private=route.private)
            message = f"stage {stage.name}: {message}"
            if kind in {"private", "budget"}:
                raise Refused(message, hint=hint, kind=kind)
            mistake = OutriderError(message, hint=hint)
            mistake.kind = kind
            raise mistake
    for text in () if quiet else told:
        note(text)


def _routes(session: Session, loaded: Loaded, stage: Stage, found: Documents) -> Iterator[Route]:
    """Yields the route of a stage, or that of each who sits on its panel."""
    plan = StagePlan(session, loaded, stage, found, limits=Walls(max_cost=None, at_once=1))
    first = Document(position=0, prompt="", path=found.items[0].path if found.items else None)
    facts = plan.facts(first, plan.messages(first))
    selections = [plan.selection]
    if stage.kind in {"cascade", "verify"}:
        cast = pipeline_file.cast(session, stage, private=plan.wanted.private)
        seats = dict.fromkeys(name for name in (*cast.answer, cast.verifier, cast.second, cast.judge) if name)
        selections = [replace(plan.selection, model=name, task=None, fallback=False, preset=None) for name in seats]
    for selection in selections:
        plan.selection = selection
        # What one call may cost is not looked at here: the wall is held where each call leaves.
        situation = plan.situation("")
        plan.learn_prices(facts, situation)
        situation = plan.situation("")
        route = plan.unwalled(facts, situation)
        if not route.targets:
            plan.ask_servers(situation)
            route = plan.unwalled(facts, plan.situation(""))
        yield route


def wall(loaded: Loaded, bill: Bill, *, max_cost: Decimal | None, as_json: bool, quiet: bool) -> None:
    """Refuses paid models where nothing says how much the run may cost, and says what it would."""
    if max_cost is not None or bill.total == 0:
        return
    if not as_json:
        pipeline_estimate.show(loaded, bill, quiet=quiet)
    enough = bill.enough if bill.enough is not None else 5
    raise Refused(
        f"this asks paid models, about {dollars(bill.total)}, and nothing says how much it may cost",
        hint=f"bound it with `--max-cost {enough}`, or ask a part first: `--sample 5 --max-cost 1`", kind="budget",
    )  # fmt: skip
