"""Brings the scores of an index to the models that they are of: an index knows names, and no provider's ids.

A name is compared without what its writing adds: case, dots, dates, `-latest`. Scores go to the registry's own models,
or else to the one that its maker serves; a name that nobody serves stays a row of the index.
"""

import re
from collections.abc import Iterable

from outrider.records import replace
from outrider.rules.facts.nouns import Fact, Score

_DATE = re.compile(r"-(?:\d{8}|\d{4}-\d{2}-\d{2})$")
_ENDING = re.compile(r"-(?:latest|preview|free|instruct)$")


def plain(name: str) -> str:
    """Returns a model's name as it can be compared: `anthropic/claude-opus-5.5` is `claude-opus-5-5`."""
    text = re.sub(r"[^a-z0-9]+", "-", name.rpartition("/")[2].lower()).strip("-")
    return _ENDING.sub("", _DATE.sub("", text))


def placed(
    facts: Iterable[Fact], index: Iterable[Fact], *, own: frozenset[tuple[str, str]], version_day: str = ""
) -> tuple[Fact, ...]:
    """Returns the facts with the scores and speeds of an index, and those of its rows that are of no known model."""
    every = list(facts)
    by_name: dict[str, list[int]] = {}
    for place, fact in enumerate(every):
        for name in {plain(fact.id), plain(fact.name)}:
            by_name.setdefault(name, []).append(place)
    left: list[Fact] = []
    for row in index:
        scores = tuple(_dated(one, version_day) for one in row.scores)
        known = by_name.get(plain(row.id), [])
        mine = [place for place in known if every[place].key in own]
        # What its maker serves has no maker's name before its id.
        made = [place for place in known if "/" not in every[place].id]
        places = mine or made[:1] or known[:1]
        for place in places:
            fact = every[place]
            every[place] = replace(
                fact, scores=(*scores, *fact.scores), tps=fact.tps if row.tps is None else row.tps,
                released=fact.released or row.released,
            )  # fmt: skip
        if not places:
            left.append(replace(row, scores=scores))
    return (*every, *left)


def _dated(score: Score, day: str) -> Score:
    return score if score.date else replace(score, date=day)
