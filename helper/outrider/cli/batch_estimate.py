"""What a batch would cost, said before anything is asked, and the refusal of one that nobody has bounded."""

import sys
import time
from decimal import Decimal
from typing import Any

from outrider.cli import asking
from outrider.cli.batch_job import Job
from outrider.cli.batch_plan import WAITED_FOR
from outrider.cli.batch_routes import Routes
from outrider.cli.show import dollars, dump, note
from outrider.data import Route, Target
from outrider.errors import OutriderError, Refused
from outrider.records import replace
from outrider.rules import money
from outrider.rules.bulk import sampling
from outrider.rules.bulk.nouns import Document
from outrider.rules.limits import UNKNOWN_OUTPUT
from outrider.rules.provider_batches import batch_target
from outrider.rules.receipts import no_model
from outrider.rules.routing import estimate, stand_in
from outrider.rules.selection import Facts


def check_route(job: Job, first: Document, *, is_new: bool) -> None:
    """Refuses a batch that no model can be asked, as a single question would be; a server that is down may come.

    A run that `is_new` does not wait for a server while a key is missing: nobody says that it is a server's turn.
    """
    plan = job.plan
    facts = _facts(job, first)
    situation = plan.situation("")
    plan.learn_prices(facts, situation)
    route = plan.unwalled(facts, situation)
    if asking.servers_matter(route):
        plan.ask_servers(situation)
        route = plan.unwalled(facts, plan.situation(""))
    if job.flags.dry_run and not route.targets:
        route = _supposed(job, facts) or route
    if not job.flags.quiet:
        for text in route.notes:
            note(text)
    if route.targets:
        return
    kind, message, hint = no_model(job.session.registry, route, private=route.private)
    kinds = {passed.kind for passed in route.passed}
    if kinds & WAITED_FOR and not (is_new and kind == "not_found" and "key" in kinds):
        if job.flags.dry_run and not job.flags.quiet:
            note(message)
        return
    if kind in {"private", "budget"}:
        raise Refused(message, hint=hint, kind=kind)
    mistake = OutriderError(message, hint=hint)
    mistake.kind = kind
    raise mistake


def _supposed(job: Job, facts: Facts) -> Route | None:
    """Returns the route that there would be with keys, and says whose is missing; None where keys make none."""
    plan = job.plan
    plan.suppose_keys()
    situation = plan.situation("")
    plan.learn_prices(facts, situation)
    route = plan.unwalled(facts, plan.situation(""))
    if not route.targets:
        return None
    if not job.flags.quiet:
        first = route.targets[0]
        note(f"there is no key yet: this is what {first.name} would cost with one of {first.provider.name}")
    return route


def check_wall(job: Job, first: Document) -> None:
    """Refuses paid models where nothing says how much the run may cost, and says what it would."""
    if job.flags.max_cost is not None:
        return
    plan = job.plan
    route = plan.unwalled(_facts(job, first), plan.situation(""))
    paid = [target for target in route.targets if not plan.is_free(target)]
    if len(paid) < len(route.targets):
        if paid and not job.flags.quiet:
            note(f"without `--max-cost` nothing paid is asked: {', '.join(one.name for one in paid[:3])} left out")
        return
    if not paid:
        return
    found = summed(job)
    raise Refused(
        f"this asks paid models, and nothing says how much it may cost: {in_words(found, route)}",
        hint=f"bound it with `--max-cost {_wall(found)}`, or ask a part first: `--sample 20 --max-cost 1`",
        kind="budget",
    )


def _wall(found: sampling.Estimate) -> str:
    """Returns a sum that will do: twice what is likely, in whole cents."""
    return "5" if found.likely is None else str(max((found.likely * 2).quantize(Decimal("0.01")), Decimal("0.01")))


def summed(job: Job, *, is_batched: bool = False) -> sampling.Estimate:
    """Reads the whole input and returns the sum of what its documents would likely cost."""
    found = sampling.Estimate()
    routes = Routes(job.plan, "", is_walled=False)
    for document in job.documents():
        if document.fault:
            found = sampling.faulty(found)
            continue
        facts = _facts(job, document)
        route = routes.route(facts)
        if is_batched:
            route = _batched(route)
        at = routes.situation().at
        likely = estimate(job.session.registry, route, facts, at=at)
        most = _most(job, route.targets[0], facts, at=at) if route.targets else None
        found = sampling.added(found, tokens=facts.tokens, likely=likely, most=most)
    return found


def _most(job: Job, target: Target, facts: Facts, *, at: float) -> Decimal | None:
    price = target.model.price or stand_in(job.session.registry, target)
    if price is None:
        return None
    cap = facts.max_output or target.model.max_output or UNKNOWN_OUTPUT
    return money.worst_cost(price, input_tokens=facts.most_tokens, output_tokens=cap, at=at)


def _facts(job: Job, document: Document) -> Facts:
    return job.plan.facts(document, job.plan.messages(document))


def tell(job: Job) -> int:
    """Prints the estimate."""
    found = summed(job)
    first = job.first()
    route = job.plan.unwalled(_facts(job, first), job.plan.situation(""))
    by = _by(job, route, documents=found.documents)
    if job.flags.as_json or job.flags.events:
        dump(
            {
                "name": job.name, "documents": found.documents, "faults": found.faults, "tokens": found.tokens,
                "model": route.targets[0].name if route.targets else None,
                "likely_usd": None if found.likely is None else float(found.likely),
                "most_usd": None if found.most is None else float(found.most), **by,
            }
        )  # fmt: skip
    else:
        sys.stdout.write(in_words(found, route) + "\n")
        if by:
            likely = by["by"]["likely_usd"]
            sys.stdout.write(f"{by['by']['plan']}: about {dollars(None if likely is None else Decimal(str(likely)))}\n")
    return 0


def _by(job: Job, route: Route, *, documents: int) -> dict[str, Any]:
    """Returns what `--by` would do, for the first target, and what that would cost; nothing without it."""
    from outrider.cli import batch_by

    due = batch_by.due(job.flags, now=time.time())
    if due is None or not route.targets:
        return {}
    target = route.targets[0]
    plan = batch_by.plan_for(
        target, private=route.private, documents=documents, at_once=job.flags.concurrency, due=due
    )  # fmt: skip
    found = summed(job, is_batched=plan.way == "batch")
    likely = None if found.likely is None else float(found.likely)
    told = batch_by.in_words(plan, due=due)
    return {"by": {"way": plan.way, "why": plan.why, "plan": told, "likely_usd": likely}}


def _batched(route: Route) -> Route:
    """Returns a route with the prices of its providers' batches, where they have any."""
    return replace(route, targets=tuple(batch_target(target) or target for target in route.targets))


def in_words(found: sampling.Estimate, route: Route) -> str:
    """Returns an estimate as people read it."""
    faults = f", {found.faults:,} more cannot be asked" if found.faults else ""
    whom = f"{route.targets[0].name}: " if route.targets else ""
    return (
        f"{found.documents:,} documents{faults}, about {found.tokens:,} tokens in; {whom}"
        f"about {dollars(found.likely)}, at most {dollars(found.most)}"
    )
