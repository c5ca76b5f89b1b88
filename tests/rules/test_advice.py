"""What to do about a failure: hints, warnings and exit codes."""

from typing import get_args

import pytest

from outrider.data import Attempt, FailureKind, Target
from outrider.rows import Price
from outrider.rules.advice import LOUD, exit_code, hint, price_hint, warnings
from outrider.rules.limits import UNPRICED
from tests.rules.making import ANSWER, attempt, failed, price, target

CLOUD = target("acme.one")
BOX = target("box.one", local=True)
HINTS: dict[FailureKind, str] = {
    "auth": "check ACME_KEY: `outrider keys list`, then `outrider keys set acme`",
    "quota": "add credit at acme, or name another model with `-m`",
    "rate_limit": "ask again later, or let it fall back: `-t` instead of `-m`, or `--fallback`",
    "not_found": "see what is there: `outrider models --live`, `outrider models show acme.one`",
    "context": "send less, or name a model with a larger window: `outrider models`",
    "content_filter": "reword the prompt; `content_filter: next` on a task lets it fall over",
    "bad_request": "see the message above; `outrider why` shows what was sent to whom",
    "budget": "raise `limits.budget_usd` or `--max-cost`; `outrider usage` shows what was spent",
    "private": "start a local server, then `outrider models --live`",
    "timeout": "try again, or add a model of another provider to the chain: `outrider status`",
    "network": "try again, or add a model of another provider to the chain: `outrider status`",
    "server": "try again, or add a model of another provider to the chain: `outrider status`",
    "incomplete": "try again, or add a model of another provider to the chain: `outrider status`",
    "tls": "check the system's certificates, or set `network.ca_file` in your models.local.json",
    "redirect": "set acme's `base_url` to the address it redirects to, if you trust it",
    "bad_response": "try again, or another model; `outrider why` lists every attempt",
    "empty": "try again, or another model; `outrider why` lists every attempt",
    "too_large": "try again, or another model; `outrider why` lists every attempt",
    "truncated": "allow a longer answer: `--max-output N`",
    "storage": "check the free space, then `outrider doctor`",
    "interrupted": "`outrider why` shows what was under way",
}


def test_every_kind_has_advice() -> None:
    """No failure leaves a person without a next step."""
    assert set(HINTS) == set(get_args(FailureKind))


@pytest.mark.parametrize("kind", HINTS)
def test_hint(kind: FailureKind) -> None:
    """Each failure names the next command to type."""
    assert hint(failed(kind), CLOUD) == HINTS[kind]


@pytest.mark.parametrize("kind", HINTS)
def test_a_hint_without_a_target(kind: FailureKind) -> None:
    """A failure of a whole run has a hint too, in lower case and without a full stop."""
    text = hint(failed(kind), None)
    assert text
    assert text[0] in "`abcdefghijklmnopqrstuvwxyz"
    assert not text.endswith(".")


@pytest.mark.parametrize("kind", ["timeout", "network", "server", "incomplete"])
def test_a_local_server_is_to_be_started(kind: FailureKind) -> None:
    """What fails at home can be mended at home."""
    expected = "start box at https://box.example/v1, then `outrider models --live`"
    assert hint(failed(kind), BOX) == expected


@pytest.mark.parametrize("kind", HINTS)
def test_exit_code(kind: FailureKind) -> None:
    """Policy is 5, a content filter 7, an interrupt 130, and every other failure 1."""
    assert exit_code(failed(kind)) == {"budget": 5, "private": 5, "content_filter": 7, "interrupted": 130}.get(kind, 1)


def test_what_must_be_heard_although_there_is_an_answer() -> None:
    """Failures that somebody has to mend are told once each, with their cure; passing ones are not."""
    refused, slow = failed("auth", "the key was refused"), failed("rate_limit", "too many")
    attempts: tuple[Attempt, ...] = (
        attempt(CLOUD, slow), attempt(CLOUD, refused), attempt(CLOUD, refused),
        attempt(BOX, failed("tls", "x" * 400)), attempt(BOX, ANSWER, warnings=("top_k was left out",)),
        attempt(BOX, ANSWER, warnings=("top_k was left out",)),
    )  # fmt: skip
    assert warnings(attempts) == (
        f"acme.one: auth: the key was refused ({HINTS['auth']})",
        f"box.one: tls: {'x' * 300} ({HINTS['tls']})",
        "top_k was left out",
    )


@pytest.mark.parametrize("kind", HINTS)
def test_the_loud_ones(kind: FailureKind) -> None:
    """The failure table's loud kinds are told, the others stay in the list of attempts."""
    assert bool(warnings((attempt(CLOUD, failed(kind)),))) is (kind in LOUD)
    assert (kind in LOUD) is (kind in {"auth", "quota", "not_found", "tls", "redirect", "private"})


UNKNOWN = "add its price to your models.local.json, in dollars for a million tokens (these are a guess): "


@pytest.mark.parametrize(
    ("rates", "more", "line"),
    [
        (None, {}, '{"models": {"acme.one": {"price": {"input": "?", "output": "?"}}}}'),
        (price(3, "0.25"), {}, '{"models": {"acme.one": {"price": {"input": 3, "output": 0.25}}}}'),
        (
            price("1.5", 10), {"provider": "acme", "wire_id": "one"},
            '{"models": {"acme.one": {"provider": "acme", "id": "one", "price": {"input": 1.5, "output": 10}}}}',
        ),
    ],
)  # fmt: skip
def test_a_price_is_asked_for_in_a_line_to_paste(rates: Price | None, more: dict[str, str], line: str) -> None:
    """What is known is in it; what is not cannot be taken as it stands."""
    assert price_hint("acme.one", rates, **more) == UNKNOWN + line


@pytest.mark.parametrize(
    ("message", "asked", "expected"),
    [
        (f"acme.one {UNPRICED}", CLOUD, price_hint("acme.one", None)),
        (f"acme.one {UNPRICED}", None, HINTS["budget"]),
        ("the day's $1 is spent", CLOUD, HINTS["budget"]),
    ],
)
def test_a_budget_that_no_price_can_be_held_against(message: str, asked: Target | None, expected: str) -> None:
    """A model without a price wants one; a budget that is spent wants another."""
    assert hint(failed("budget", message), asked) == expected
