"""What the report shows: every section of the page, made from what the two books say.

Pure. What was billed and what is only worth something are never added in one chart: a bar is one or the other.
"""

from decimal import Decimal

from outrider.rules import report_figures as figures
from outrider.rules import report_tables as tables
from outrider.rules.report_facts import Cell, Climb, Facts, Figure, Page, Section, Table, Tile
from outrider.rules.report_groups import colours, last_days, of, summed
from outrider.rules.report_words import brief, count, day_words, exact, money, name, per_cent, plural
from outrider.rules.spending import SOURCE
from outrider.rules.sums import OURS, Entry, share, whole

VERDICTS = ("OK", "IGNORED", "MISMATCH", "UNKNOWN")
LONGEST_NOTE = 500
"""A line about what was left out may name files."""


def page(facts: Facts) -> Page:
    """Returns the whole report."""
    ours, own = of(facts.entries, OURS), of(facts.entries, SOURCE)
    books = tuple(whole(book) for book in (ours, own) if book)
    first, last = _days(facts)
    where = f" in {name(facts.repository)}" if facts.repository else ""
    span = f"{day_words(first, with_year=True)} to {day_words(last, with_year=True)}" if first else "nothing yet"
    asked = f", since {facts.since}" if facts.since else ""
    return Page(
        title="What the models cost" + where, span=f"{span}{asked}. Days are UTC.",
        made=f"Made by outrider {facts.version} at {facts.at}.",
        tiles=_tiles(facts, whole(ours), whole(own), has_own=bool(own)),
        totals=tables.totals(books), notes=tuple(name(note, longest=LONGEST_NOTE) for note in facts.notes),
        sections=(
            _over_time(facts, ours, own), _by_whom(ours), _own(facts, own), _fallbacks(facts), _latency(facts),
            _cascade(facts), _budget(facts), _pins(facts),
        ),
    )  # fmt: skip


def _days(facts: Facts) -> tuple[str, str]:
    days = sorted(day for entry in facts.entries if (day := entry.names[0]))
    return (days[0], days[-1]) if days else ("", "")


def _tiles(facts: Facts, ours: Entry, own: Entry, *, has_own: bool) -> tuple[Tile, ...]:
    steps = sum(step.count for step in facts.steps)
    found = [
        Tile(name="Billed to your keys", text=money(ours.cost), value=exact(ours.cost),
             note=f"measured, {plural(ours.calls, 'call')}"
             + (f"; {money(ours.in_doubt)} more in doubt" if ours.in_doubt else "")),
    ]  # fmt: skip
    if has_own:
        found.append(
            Tile(name="Claude Code itself", text=money(own.known_cost), value=exact(own.known_cost),
                 note=f"API list value of {plural(own.calls, 'call')}; a subscription does not pay it")
        )  # fmt: skip
    tokens = ours.input + ours.output + own.input + own.output
    found += [
        Tile(name="Tokens", text=brief(tokens), value=str(tokens), note="sent and received, cached ones too"),
        Tile(name="Fallbacks", text=count(steps), value=str(steps),
             note=f"{per_cent(share(ours.failures, ours.calls))} of calls failed" if ours.calls else "no calls"),
    ]  # fmt: skip
    return tuple(found)


def _over_time(facts: Facts, ours: tuple[Entry, ...], own: tuple[Entry, ...]) -> Section:
    palette = colours(
        model for book in (ours, own) for model in figures.named_models(book)
    )  # fmt: skip
    found = [
        figures.over_time(id_, title, book, palette)
        for id_, title, book in (
            ("spend-ours", "Billed to your keys", ours),
            ("spend-own", f"Claude Code itself, at API list prices{_list_day(facts)}", own),
        )
        if book
    ]
    return Section(
        id="spend", title="Spend over time, by model",
        lead="Two books, two charts: what was billed to your keys is measured, what Claude Code used itself is priced.",
        figures=tuple(found),
        tables=(tables.of_entries("model-ours", "Models, billed to your keys", "Model", summed(ours, "model")),)
        if ours else (),
        empty="" if found else "Nothing was used yet.",
    )  # fmt: skip


def _list_day(facts: Facts) -> str:
    return f" of {day_words(facts.priced_as_of, with_year=True)}" if facts.priced_as_of else ""


def _by_whom(ours: tuple[Entry, ...]) -> Section:
    return Section(
        id="whom", title="Cost by task and by agent",
        lead="Billed to your keys. Whoever asks without a task or from a terminal has no name here.",
        figures=(
            figures.by_cost("task", "By task", "Task", summed(ours, "task"), nobody="no task"),
            figures.by_cost("agent", "By agent", "Agent", summed(ours, "agent"), nobody="no agent"),
        ) if ours else (),
        empty="" if ours else "Nothing was asked through outrider yet.",
    )  # fmt: skip


def _own(facts: Facts, own: tuple[Entry, ...]) -> Section:
    lead = (
        f"What the API would have charged for the tokens in its transcripts, by the price list{_list_day(facts)}. "
        "A subscription does not pay these dollars: there the tokens are what counts."
    )
    return Section(
        id="own", title="Claude Code's own models and agents", lead=lead,
        figures=(
            figures.by_cost("own-model", "By model, API list value", "Model", summed(own, "model"), nobody="no model"),
            figures.by_cost("own-agent", "By agent, API list value", "Agent", summed(own, "agent"), nobody="no agent"),
        ) if own else (),
        empty="" if own else "Its transcripts hold nothing of this time.",
    )  # fmt: skip


def _fallbacks(facts: Facts) -> Section:
    reasons: dict[str, int] = {}
    for step in facts.steps:
        reasons[step.kind] = reasons.get(step.kind, 0) + step.count
    ranked = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    return Section(
        id="fallbacks", title="Fallbacks, by reason",
        lead="How often a question went on to another model or another way to it, and what had failed.",
        figures=(
            figures.by_count("fallback", "Reasons", "fallback", ranked, table=tables.of_steps(facts.steps)),
        ) if ranked else (),
        empty="" if ranked else "No question went on to another model.",
    )  # fmt: skip


def _latency(facts: Facts) -> Section:
    return Section(
        id="latency", title="Latency", lead="Answers through outrider, from the call to the last word.",
        figures=(figures.latency(facts.latencies),) if facts.latencies else (),
        empty="" if facts.latencies else "No model answered yet.",
    )  # fmt: skip


def _cascade(facts: Facts) -> Section:
    runs = sum(climb.runs for climb in facts.climbs)
    levels: dict[int, int] = {}
    for climb in facts.climbs:
        levels[climb.asked] = levels.get(climb.asked, 0) + climb.runs
    alone = levels.get(1, 0) + levels.get(0, 0)
    ranked = [(plural(asked, "model"), number) for asked, number in sorted(levels.items())]
    return Section(
        id="cascade", title="Cascade escalations",
        lead=f"{plural(runs, 'run')}; {per_cent(share(runs - alone, runs))} asked more than one model, "
        "to go higher or to check." if runs else "",
        figures=(
            figures.by_count("climbs", "Models asked in a run", "run", ranked, table=_climb_table(facts.climbs)),
        ) if runs else (),
        empty="" if runs else "There are no runs of outrider cascade.",
    )  # fmt: skip


def _climb_table(climbs: tuple[Climb, ...]) -> Table:
    ranked = sorted(climbs, key=lambda climb: (climb.asked, -climb.runs, climb.last or ""))
    return Table(
        id="climb-table", caption="Where cascades ended",
        columns=tables.columns("Answered last", numbers=("Models asked", "Runs", "Dollars")),
        rows=tuple(
            (
                tables.word(climb.last) if climb.last else Cell(text="no answer", css="nobody"),
                tables.number(climb.asked), tables.number(climb.runs), tables.dollars(climb.cost),
            )
            for climb in ranked[: tables.MOST_ROWS]
        ),
        total=(
            Cell(text="total"), Cell(text=""), tables.number(sum(climb.runs for climb in climbs)),
            tables.dollars(sum((climb.cost for climb in climbs), Decimal(0))),
        ),
        left_out=f"The first {tables.MOST_ROWS} are listed." if len(climbs) > tables.MOST_ROWS else "",
    )  # fmt: skip


def _budget(facts: Facts) -> Section:
    days = last_days(one.day for one in facts.burn)
    which = "this repository's day" if facts.repository else "the day"
    return Section(
        id="budget", title="Budget burn",
        lead=f"What counts against the budget of {which}: what was billed, what may have been, what is under way. "
        "The line is the budget in force now.",
        figures=(figures.burn(facts.burn, facts.budget, is_set=facts.is_budget_set),) if days else (),
        empty="" if days else "Nothing was counted against a budget yet.",
    )  # fmt: skip


def _pins(facts: Facts) -> Section:
    pins = facts.pins
    counts = {verdict: sum(pin.count for pin in pins if pin.verdict == verdict) for verdict in VERDICTS}
    ranked = [(verdict, number) for verdict, number in counts.items() if number]
    found: tuple[Figure, ...] = ()
    if ranked:
        found = (figures.by_count("pin", "Verdicts", "start", ranked, table=tables.of_pins(pins)),)
    return Section(
        id="pins", title="Pins: did the model run that was asked for",
        lead="Each start of a subagent by Claude Code: the model that was asked for beside the one that its transcript "
        "says ran, and what that cost more at list prices.",
        figures=found, empty="" if found else "Claude Code's transcripts hold no start of a subagent.",
    )  # fmt: skip
