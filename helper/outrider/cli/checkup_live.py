"""What `doctor --live` asks: each provider's list, and one tiny question at its cheapest model."""

from collections.abc import Iterator

from outrider.cli import asking
from outrider.cli.asking import Wish
from outrider.cli.form import Form
from outrider.cli.live import ask_all, askable
from outrider.cli.run_ask import run_row, world_for
from outrider.cli.session import Session
from outrider.cli.show import dollars
from outrider.cli.sight import look
from outrider.cli.stepping import step
from outrider.data import Failure
from outrider.discovery import Found
from outrider.engine import run
from outrider.errors import OutriderError
from outrider.records import replace
from outrider.rows import Provider
from outrider.rules import advice, money
from outrider.rules.health_checks import Check
from outrider.rules.provenance import origins_under, path_of
from outrider.rules.targets import EMBEDDING_MARKS, find_served

QUESTION = "Answer with the one word: ok"
MOST_OUTPUT = 256
"""Tokens: enough for a model that thinks before a word, a fraction of a cent at the dearest."""


def every_answer(session: Session) -> Iterator[Check]:
    """Yields how each provider that can be called answers."""
    situation, _ = look(session)
    providers = askable(session, frozenset(situation.keys))
    if not providers:
        yield Check(name="live", mark="warn", message="there is nobody to ask", fix="run `outrider keys set NAME`")
    for provider, found in zip(providers, ask_all(session, providers), strict=True):
        wire_id = _cheapest(session, provider, found, at=situation.at)
        # Not every server has a list; one that has rows here can be asked all the same.
        if found.failure is not None and (found.failure.kind not in {"not_found", "bad_response"} or wire_id is None):
            yield _silent(session, provider, found.failure)
        elif wire_id is None:
            message = f"{provider.name} lists {len(found.served.ids)} models, none of which can be asked"
            yield Check(name="live", mark="warn", message=message, fix="run `outrider models --live`")
        else:
            yield _asked(session, provider, found, wire_id)


def _silent(session: Session, provider: Provider, failure: Failure) -> Check:
    said = f"{provider.name} at {provider.base_url}: {failure.kind}: {failure.message}"
    is_shipped = not origins_under(session.registry, path_of("providers", provider.name))
    if provider.local and is_shipped and failure.kind == "network":
        return Check(name="live", mark="ok", message=f"{provider.name} does not run here, and need not")
    return Check(name="live", mark="fail", message=said, fix=_fix(provider, failure))


def _fix(provider: Provider, failure: Failure) -> str:
    if failure.kind == "auth":
        return f"run `outrider keys set {provider.name}`"
    if provider.local:
        return f"start {provider.name}, or correct its address: `outrider providers add {provider.name} URL --local`"
    return advice.hint(failure, None)


def _cheapest(session: Session, provider: Provider, found: Found, *, at: float) -> str | None:
    """Returns the wire id of the cheapest model that a provider has, or of the first that it serves."""
    known: list[tuple[float, str]] = []
    for model in session.registry.models.values():
        wire_id = model.id if model.provider == provider.name else model.also.get(provider.name)
        price = money.blended(model.price, at=at)
        if wire_id and wire_id != "*" and price is not None and model.row.get("status") != "retired":
            served = find_served(found.served.ids, wire_id)
            if served is not None or not provider.serves_listed:
                known.append((float(price), served or wire_id))
    chats = [wire_id for wire_id in found.served.ids if not any(mark in wire_id.lower() for mark in EMBEDDING_MARKS)]
    return min(known)[1] if known else next(iter(chats), None)


def _asked(session: Session, provider: Provider, found: Found, wire_id: str) -> Check:
    """Asks one question through the engine, booked like any other."""
    wish = Wish(
        argument=QUESTION, model=f"{provider.name}/{wire_id}", task=None, private=False, preset=None, files=(),
        images=(), schema=None, system=None, prompt_name=None, max_output=MOST_OUTPUT, max_cost=None, fallback=False,
        reads_stdin=False,
    )  # fmt: skip
    number = asking.new_run()
    name = f"{provider.name}/{wire_id}"
    try:
        decided = asking.decide_on(session, wish, run=number)
        if not decided.route.targets:
            why = "; ".join(entry.why for entry in decided.route.passed)
            return Check(name="live", mark="fail", message=f"{name} cannot be asked: {why}", fix="run `outrider usage`")
        limits = replace(decided.limits, retries=0)
        row = replace(run_row(session, decided, number), command="doctor")
        world = world_for(session, decided, row, Form())
        ended = step(run(decided.route, replace(decided.request, stream=False), limits, world))
    except OutriderError as fault:
        return Check(name="live", mark="fail", message=f"{name}: {fault.message}", fix=fault.hint)
    if ended.failure is not None and ended.failure.kind not in {"truncated", "empty"}:
        message = f"{name}: {ended.failure.kind}: {ended.failure.message[:300]}"
        return Check(name="live", mark="fail", message=message, fix=_fix(provider, ended.failure))
    seconds = sum(attempt.seconds for attempt in ended.attempts)
    cost = dollars(ended.cost, known=ended.cost_known)
    message = f"{name} answers, in {seconds:.1f} s, for {cost}; {provider.name} lists {len(found.served.ids)} models"
    return Check(name="live", mark="ok", message=message)
