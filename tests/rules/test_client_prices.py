"""Which row a transcript's model has, and what its tokens cost there."""

from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest

from outrider.rows import Condition, Model, Price, Provider, Rates, Registry
from outrider.rules.client_prices import Tokens, Worth, has_hours, row_of, rows_by_id, steps, worth

DEAR = Rates(input=Decimal(5), output=Decimal(25), cached=Decimal("0.5"), cache_write=Decimal("6.25"))
PLAIN = Price(
    base=Rates(input=Decimal(1), output=Decimal(5), cached=Decimal("0.1"), cache_write=Decimal("1.25")),
    tiers=(Condition(rates=DEAR, above=100_000),),
    changes=(Condition(rates=Rates(input=Decimal(2)), since="2026-12-01"),),
    variants=(Condition(rates=Rates(input=Decimal(2), output=Decimal(10)), name="fast"),),
)
BARE = Price(base=Rates(input=Decimal(1), output=Decimal(5)))
SURCHARGES = {"hour_write": 2, "web_search": 0.01, "regions": {"us": 1.1}}
PAST = {"claude-opus-4": {"input": 15, "output": 75}, "claude-opus-5-5": {"input": 99, "output": 99}}
HOME, VENDOR, OTHER = "home", "vendor", "other"


def model(provider: str, name: str, *, price: Price | None = PLAIN, **also: str) -> Model:
    """Returns a row."""
    return Model(
        name=f"{provider}.{name}", provider=provider, id=name, price=price, also=also, row={"as_of": "2026-11-20"}
    )


def registry(*models: Model) -> Registry:
    """Returns a registry of a client, its vendor and a stranger."""
    providers = {
        HOME: Provider(name=HOME, dialect="native", row={"surcharges": SURCHARGES, "past_prices": PAST}),
        VENDOR: Provider(name=VENDOR, dialect="anthropic", row={"surcharges": SURCHARGES}),
        OTHER: Provider(name=OTHER, dialect="openai"),
    }
    empty: MappingProxyType[str, Any] = MappingProxyType({})
    return Registry(
        providers=providers, models={row.name: row for row in models}, aliases=empty, tasks=empty, presets=empty,
        values=empty, origins=empty, digest="",
    )  # fmt: skip


ROWS = registry(
    model(VENDOR, "claude-opus-5-5"), model(HOME, "opus", vendor="claude-opus-5-5", gateway="acme/claude-opus-5.5"),
    model(VENDOR, "claude-opus-4-5"), model(OTHER, "gpt-6"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("wire_id", "name"),
    [
        ("claude-opus-5-5", "home.opus"),
        ("claude-opus-5-5-20260922", "home.opus"),
        ("claude-opus-5-5[1m]", "home.opus"),
        ("CLAUDE-OPUS-5-5", "home.opus"),
        ("opus", "home.opus"),
        ("acme/claude-opus-5.5", "home.opus"),
        ("anthropic.claude-opus-5-5-20260922-v1:0", "home.opus"),
        ("us.anthropic.claude-opus-5-5-20260922-v1:0", "home.opus"),
        ("claude-opus-5-5@20260922", "home.opus"),
        ("claude-opus-4-5-20251101", "vendor.claude-opus-4-5"),
        ("claude-opus-4-20250514", "claude-opus-4"),
        ("claude-opus-5", None),
        ("claude-opus-5-5-mini", None),
        ("claude-opus-5-5-2", None),
        ("claude-opus-4-50", None),
        ("gpt-6", None),
        ("", None),
    ],
)
def test_a_model_has_its_own_row_or_none(wire_id: str, name: str | None) -> None:
    """Dates, clouds and windows are forms of one id; an id that is only like another has no row."""
    found = row_of(rows_by_id(ROWS), wire_id)
    assert (found.name if found is not None else None) == name


@pytest.mark.parametrize(
    ("tokens", "more", "expected"),
    [
        (Tokens(fresh=1_000_000), {}, Worth(dollars=Decimal(1))),
        (Tokens(output=1_000_000), {}, Worth(dollars=Decimal(5))),
        (Tokens(read=1_000_000), {}, Worth(dollars=Decimal("0.1"))),
        (Tokens(five=1_000_000), {}, Worth(dollars=Decimal("1.25"))),
        (Tokens(hour=1_000_000), {}, Worth(dollars=Decimal(2))),
        (Tokens(hour=1_000_000), {"prompt": 100_001}, Worth(dollars=Decimal(10))),
        (Tokens(five=1_000_000), {"prompt": 100_001}, Worth(dollars=Decimal("6.25"))),
        (Tokens(fresh=1_000_000), {"prompt": 100_000}, Worth(dollars=Decimal(1))),
        (Tokens(fresh=1_000_000), {"at": 1_796_083_200.0}, Worth(dollars=Decimal(2))),
        (Tokens(output=1_000_000), {"service": "fast"}, Worth(dollars=Decimal(10))),
        (Tokens(hour=1_000_000), {"service": "fast"}, Worth(dollars=Decimal(4))),
        (Tokens(output=1_000_000), {"service": "priority"}, Worth(dollars=None, why="no price for `priority`")),
        (Tokens(output=1_000_000), {"region": "us"}, Worth(dollars=Decimal("5.5"))),
        (Tokens(output=1), {"region": "moon"}, Worth(dollars=None, why="no price for the region `moon`")),
        (Tokens(searches=7), {}, Worth(dollars=Decimal("0.07"))),
        (Tokens(searches=7), {"region": "us"}, Worth(dollars=Decimal("0.07"))),
        (Tokens(), {}, Worth(dollars=Decimal(0))),
    ],
)
def test_tokens_cost_what_their_row_says(tokens: Tokens, more: dict[str, object], expected: Worth) -> None:
    """Lifetimes, long prompts, dates, speeds, regions and searches have each their price, or none is guessed."""
    given = {"service": "", "region": "", "prompt": 0, "at": 1_795_000_000.0, **more}
    assert worth(ROWS, ROWS.models["home.opus"], tokens, **given) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("row", "tokens", "why"),
    [
        (None, Tokens(fresh=1), "no price row"),
        (model(HOME, "free", price=None), Tokens(fresh=1), "no price in its row"),
        (model(HOME, "half", price=Price(base=Rates(input=Decimal(1)))), Tokens(fresh=1), "no price in its row"),
        (model(HOME, "bare", price=BARE), Tokens(read=1), "no price for cache reads"),
        (model(HOME, "bare", price=BARE), Tokens(five=1), "no price for cache writes"),
        (model(OTHER, "bare", price=BARE), Tokens(hour=1), "no price for cache writes"),
        (model(OTHER, "bare", price=BARE), Tokens(searches=1), "no price for web searches"),
    ],
)
def test_what_has_no_price_is_not_guessed(row: Model | None, tokens: Tokens, why: str) -> None:
    """A price that is missing is said, not taken from another."""
    assert worth(ROWS, row, tokens, service="", region="", prompt=0, at=0.0) == Worth(dollars=None, why=why)


def test_prices_say_what_they_depend_on() -> None:
    """So that calls of one price can be summed before they are priced."""
    hourly = model(HOME, "night", price=Price(base=BARE.base, windows=(Condition(rates=BARE.base, start=60, end=120),)))
    models = tuple(ROWS.models.values())
    assert (steps(models), has_hours(models), has_hours((hourly,)), steps(())) == ((100_000,), False, True, ())


def test_tokens_add_up() -> None:
    """All input is what was fresh, read and written."""
    tokens = Tokens(fresh=1, read=2, five=4, hour=8, output=16)
    assert (tokens.input, tokens.whole) == (15, 31)
