"""What is said of a run beside its answer: the receipt, the error without a model, the stored decision."""

from decimal import Decimal

import pytest

from outrider.data import Attempt, Passed, Route, Target
from outrider.rules.health import FOREVER, Health
from outrider.rules.limits import Limits, Spend
from outrider.rules.receipts import decision, key_hint, no_model, receipt
from outrider.rules.routing import route as decide
from outrider.rules.selection import Facts, Selection
from outrider.rules.targets import Served, Situation
from tests.rules.making import attempt, route, target
from tests.rules.small import VALUES, registry

ONE = target("acme.one")
VIA = Target(model=ONE.model, provider=target("gate.x").provider, wire_id="acme/one")


@pytest.mark.parametrize(
    ("ended", "way", "cost", "known", "tried", "line"),
    [
        (
            attempt(ONE),
            route(ONE),
            "0.0012",
            True,
            1,
            "acme.one (acme/one) · 10 in, 5 out · 0.12 cents · default task work · run r1",
        ),
        (
            attempt(ONE),
            route(ONE, rule="role", tail=(ONE.health_key,)),
            "1",
            True,
            3,
            "acme.one (acme/one), after 2 failed · 10 in, 5 out · 100 cents · role, from its computed tail · run r1",
        ),
        (
            attempt(VIA),
            route(VIA),
            "0",
            False,
            1,
            "acme.one via gate (gate/acme/one) · 10 in, 5 out · about 0 cents · default task work · run r1",
        ),
        (
            attempt(ONE, certainty="estimate"),
            route(ONE),
            "0.000001",
            True,
            1,
            "acme.one (acme/one) · 10 in, 5 out · about 0.0001 cents · default task work · run r1",
        ),
        (
            attempt(ONE, certainty="in_doubt"),
            route(ONE),
            "0.12345678",
            True,
            1,
            "acme.one (acme/one) · 10 in, 5 out · about 12.3457 cents · default task work · run r1",
        ),
    ],
    ids=["plain", "tail after failures", "gateway, price unknown", "estimate", "in doubt"],
)
def test_receipt(ended: Attempt, way: Route, cost: str, tried: int, line: str, *, known: bool) -> None:
    """One line says who served it, by which way, for what, by which rule, and whether it is from the tail."""
    assert receipt(ended, route=way, cost=Decimal(cost), cost_known=known, run="r1", tried=tried) == line


REGISTRY = registry(
    {
        **VALUES,
        "providers": {
            **VALUES["providers"],
            "hut": {"dialect": "openai", "base_url": "http://localhost:1/v1", "local": True},
        },
    }
)
SERVERS = "  box          at http://localhost:11434\n  hut          at http://localhost:1/v1"


KEYS = (
    "  gate         GATE_KEY",
    "  cloud        CLOUD_KEY",
    "  own          OUTRIDER_ANTHROPIC_API_KEY",
)
SET_A_KEY = "set one key with `outrider keys set NAME`, or start a local server:"


def passed(kind: str, why: str = "why", model: str = "cloud.big") -> Passed:
    """Returns a model that was passed over."""
    return Passed(model=model, why=why, kind=kind)


@pytest.mark.parametrize(
    ("told", "private", "kind", "message", "hint"),
    [
        (
            (passed("key"), passed("budget", "too dear")),
            False,
            "budget",
            "cloud.big: too dear",
            "raise `limits.budget_usd`, or see `outrider usage`",
        ),
        (
            (passed("private", "not local"),) * 4,
            True,
            "private",
            "no local model can be used (cloud.big: not local; cloud.big: not local; cloud.big: not local; and 1 more)",
            f"start a local server, then run `outrider models --live`:\n{SERVERS}",
        ),
        (
            (),
            True,
            "private",
            "no local model can be used",
            f"start a local server, then run `outrider models --live`:\n{SERVERS}",
        ),
        (
            (passed("native"), passed("private", "cloud is not allowed")),
            False,
            "private",
            "cloud.big: cloud is not allowed",
            "see `privacy` in your models.local.json",
        ),
        (
            (passed("native"), passed("context", "too small")),
            False,
            "context",
            "cloud.big: too small",
            "ask with fewer files, or a model with a larger window",
        ),
    ],
    ids=["budget", "private", "private and nothing", "not allowed", "too long"],
)
def test_no_model(told: tuple[Passed, ...], kind: str, message: str, hint: str, *, private: bool) -> None:
    """A route without a target says why, as the kind that most needs mending, and what would help."""
    assert no_model(REGISTRY, route(passed=told), private=private) == (kind, message, hint)


def test_no_model_for_want_of_a_key() -> None:
    """Every provider's variable is named, first those of the chain, and every local server."""
    told = (
        passed("native", "in Claude Code", "native.sonnet"),
        passed("key", "no key (GATE_KEY)", "gate.one"),
        passed("private"),
    )
    assert no_model(REGISTRY, route(passed=told), private=False) == (
        "not_found",
        "no usable model (native.sonnet: in Claude Code; gate.one: no key (GATE_KEY); cloud.big: why)",
        "\n".join([SET_A_KEY, *KEYS, SERVERS]),
    )


def test_a_key_hint_says_where_a_key_is_got() -> None:
    """The page of the provider stands beside its variable."""
    row = {"dialect": "openai", "base_url": "https://a.example", "key": "A_KEY", "keys_url": "https://a.example/keys"}
    assert key_hint(registry({"providers": {"a": row}}), ()) == (
        f"{SET_A_KEY}\n  a            A_KEY  (https://a.example/keys)"
    )


def test_the_stored_decision() -> None:
    """Everything that `why` and a replay need is kept as plain JSON, of passed models too, nothing of the prompt."""
    origins = {
        "$.limits.total": "user u",
        "$.tasks.work.effort": "user u",
        "$.tasks.workshop.chain": "user u",
        '$.models["cloud.big"].price.input': "user u",
        '$.models["cloud.bigger"].id': "user u",
        "$.providers.gate.key": "user u",
        "$.prompts.x": "user u",
        "$.aliases.big.model": "project p",
    }
    values = {
        **VALUES,
        "models": {
            **VALUES["models"],
            "gate.big": {"provider": "gate", "id": "cloud/big-1", "price": {"input": 3, "output": 4}},
        },
    }
    rows = registry(values, origins)
    situation = Situation(
        keys={"gate": "g", "cloud": "c"},
        health={
            "cloud|big-1|c": Health(failures=2, kind="server", until=130.06),
            "gone|x|": Health(failures=1, kind="auth", until=FOREVER),
        },
        served={"box": Served(alive=True, ids=tuple(f"m{n}" for n in range(60)))},
        limits=Limits(budget={"run": Decimal(1)}, budgets_set=frozenset({"run"})),
        spend=Spend(day=Decimal("0.5")),
        now=100.0,
        at=1_790_000_000.0,
    )
    selection, facts = (
        Selection(task="work"),
        Facts(
            tokens=5,
            most_tokens=9,
            needs=frozenset({"json"}),
            keywords=frozenset({"b", "a"}),
            data_class="internal",
            class_from="CLAUDE.md",
        ),
    )
    way = decide(rows, selection, facts, situation)
    assert decision(rows, selection, facts, situation, way) == {
        "inputs": {
            "selection": {
                "model": None,
                "task": "work",
                "private": False,
                "fallback": None,
                "preset": None,
                "preset_from": "",
            },
            "registry": "d",
            "at": 1_790_000_000.0,
            "facts": {
                "tokens": 5,
                "most_tokens": 9,
                "max_output": None,
                "score": 0.0,
                "needs": ["json"],
                "keywords": ["a", "b"],
                "data_class": "internal",
                "class_from": "CLAUDE.md",
            },
            "providers_with_key": ["cloud", "gate"],
            "served": {"box": {"alive": True, "ids": [f"m{n}" for n in range(50)]}},
            "health": {
                "cloud|big-1|c": {"kind": "server", "failures": 2, "left": 30.1},
                "gone|x|": {"kind": "auth", "failures": 1, "left": -1.0},
            },
            "spend": {"run": "0", "day": "0.5", "month": "0"},
            "budget": {"run": "1"},
            "budgets_set": ["run"],
        },
        "task": "work",
        "rule": "flag -t work",
        "level": None,
        "rejected": ["flag -m: not given", "standing preset: none"],
        "targets": [
            {
                "model": "cloud.big",
                "provider": "gate",
                "id": "cloud/big-1",
                "price": {"input": 3, "output": 4},
                "as_of": None,
            },
        ],
        "passed": [
            {"model": "native.sonnet", "why": "runs inside Claude Code, as a subagent", "kind": "native"},
            {"model": "cloud.big", "why": "rests 30 s more after server", "kind": "resting"},
        ],
        "notes": [],
        "private": False,
        "class": "internal",
        "class_from": "CLAUDE.md",
        "settings": {
            "$.aliases.big.model": "project p",
            "$.limits.total": "user u",
            '$.models["cloud.big"].price.input': "user u",
            "$.providers.gate.key": "user u",
            "$.tasks.work.effort": "user u",
        },
    }
