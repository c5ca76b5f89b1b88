"""Money and rates as a person meets them: what is refused, what is said of it, and that nothing is sent."""

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.typing_it import Shell, write_layer
from tests.servers import Reply, ScriptedServer, status

Layer = dict[str, Any]


def set_limits(home: Path, models: Layer, **budgets: float | None) -> None:
    """Writes the user's budgets beside the models."""
    write_layer(home, {**models, "limits": {"budget_usd": budgets}})


def in_repository(name: str) -> None:
    """Steps into a repository of this name."""
    folder = Path.cwd().parent / name
    (folder / ".git").mkdir(parents=True, exist_ok=True)
    os.chdir(folder)


def test_every_hop_is_set_against_the_run(typed: Shell, models: Layer, server: ScriptedServer, home: Path) -> None:
    """What the first model may have been paid is not there for the second: with `--max-cost` for one, one is asked."""
    server.always(Reply(way="close"), model="one")
    answered = typed("ask", "-t", "both", "--max-output", "1000", "--max-cost", "0.0021", "hello", "--json")
    assert answered.code == 5
    assert [seen.json["model"] for seen in server.asked] == ["one"]
    assert [attempt["kind"] for attempt in answered.json["attempts"]] == ["network", "budget", "budget"]
    assert answered.json["cost_usd"] <= 0.0021


def test_a_repository_has_a_day_of_its_own(typed: Shell, models: Layer, server: ScriptedServer, home: Path) -> None:
    """What one repository has spent stops that one; another goes on, and so does who stands in none."""
    set_limits(home, models, per_repo=0.003)
    server.always(Reply(usage=(10, 1000, 0)))
    ask = ("ask", "-m", "here.one", "--max-output", "1000", "hello")
    in_repository("first")
    assert (typed(*ask).code, typed(*ask).code) == (0, 5)
    assert "the repository's day budget has $0.0010 left" in typed(*ask).err
    shown = {entry["period"]: entry for entry in typed("status", "--json").json["budgets"]}
    assert shown["per_repo"] == {"period": "per_repo", "budget_usd": 0.003, "spent_usd": 0.00201, "set": True}
    assert "repository's day $0.0020 of $0.0030" in typed("usage").out.replace("00201", "0020")
    in_repository("second")
    assert typed(*ask).code == 0
    os.chdir(Path.cwd().parent)
    assert [typed(*ask).code for _ in range(3)] == [0, 0, 0]
    assert len(server.asked) == 5


@pytest.mark.parametrize("name", ["here.new", "here/unlisted"])
def test_an_unknown_price_is_refused_with_the_line_to_add(
    typed: Shell, models: Layer, server: ScriptedServer, home: Path, name: str
) -> None:
    """Under a budget that the user set; the line is taken as it stands, and then the model is asked."""
    models["models"]["here.new"] = {"provider": "here", "id": "new"}
    set_limits(home, models, day=5)
    refused = typed("ask", "-m", name, "hello", "--json")
    assert (refused.code, len(server.asked)) == (5, 0)
    error = refused.json["error"]
    assert error["kind"] == "budget"
    row = json.loads(error["hint"][error["hint"].index("{") :])
    ((added, said),) = row["models"].items()
    assert said["price"] == {"input": 1, "output": 2}
    models["models"][added] = {**models["models"].get(added, {}), **said}
    set_limits(home, models, day=5)
    assert typed("ask", "-m", name, "hello").code == 0
    assert len(server.asked) == 1


def test_an_unlisted_local_model_costs_nothing(typed: Shell, models: Layer, server: ScriptedServer, home: Path) -> None:
    """It runs on the user's own machine, so no budget stands against it."""
    models["providers"]["here"]["local"] = True
    set_limits(home, models, day=0.0)
    answered = typed("ask", "-m", "here/unlisted", "hello", "--json")
    assert answered.code == 0
    assert answered.json["cost_usd"] == 0.0


def test_a_guess_is_never_nothing(typed: Shell, models: Layer, server: ScriptedServer, home: Path) -> None:
    """Under the shipped budgets a model without a price at a provider without any is booked at the dearest known."""
    models["models"] = {"here.new": {"provider": "here", "id": "new"}}
    models["tasks"] = {}
    write_layer(home, models)
    answered = typed("ask", "-m", "here.new", "--max-output", "100", "hello", "--json").json
    assert answered["answer"] is not None
    assert answered["cost_usd"] > 0
    assert answered["cost_known"] is False


@pytest.mark.parametrize(
    "usage", [(-5_000, 7, 0), (10, -5_000, 0), (10, 10**12, 0), (10**12, 5, 0), (10, 9 * 10**7, 0)]
)
def test_no_claim_of_a_server_moves_the_wall(
    typed: Shell, models: Layer, server: ScriptedServer, home: Path, usage: tuple[int, int, int]
) -> None:
    """Absurd counts neither refill a budget nor empty it: the call is an estimate within what was reserved."""
    set_limits(home, models, day=0.005)
    server.always(Reply(usage=usage))
    answered = typed("ask", "-m", "here.one", "--max-output", "1000", "hello", "--json").json
    assert answered["attempts"][0]["certainty"] == "estimate"
    assert 0 < answered["cost_usd"] <= 0.0021
    (day,) = [entry for entry in typed("status", "--json").json["budgets"] if entry["period"] == "day"]
    assert day["spent_usd"] == answered["cost_usd"]
    assert all(count >= 0 for count in answered["usage"].values())


def test_a_bill_above_its_reservation_counts_in_full(
    typed: Shell, models: Layer, server: ScriptedServer, home: Path
) -> None:
    """A server that ignores the cap is paid what it says, and the next check sees it."""
    set_limits(home, models, day=0.01)
    server.always(Reply(usage=(10, 6_000, 0)))
    answered = typed("ask", "-m", "here.one", "--max-output", "100", "hello", "--json").json
    assert (answered["cost_usd"], answered["attempts"][0]["certainty"]) == (0.01201, "exact")
    refused = typed("ask", "-m", "here.one", "--max-output", "100", "hello", "--json")
    assert (refused.code, refused.json["error"]["kind"], len(server.asked)) == (5, "budget", 1)


def test_null_lifts_a_shipped_budget(typed: Shell, models: Layer, server: ScriptedServer, home: Path) -> None:
    """Who wants no budget says so, and it is shown."""
    set_limits(home, models, run=None, day=None)
    models["models"]["here.one"]["price"] = {"input": 1, "output": 5000}
    set_limits(home, models, run=None, day=None)
    assert typed("ask", "-m", "here.one", "--max-output", "9000", "hello").code == 0
    assert "run no budget; day $" in typed("status").out


def test_a_long_retry_after_is_kept_by_the_next_process(
    typed: Shell, models: Layer, server: ScriptedServer, home: Path
) -> None:
    """The second call is not sent, and says for how long; a chain goes on to its next model."""
    server.always(status(429, headers={"Retry-After": "300"}), model="one")
    assert typed("ask", "-m", "here.one", "hello").code == 1
    refused = typed("ask", "-m", "here.one", "hello", "--json")
    assert (refused.code, refused.json["error"]["kind"]) == (1, "rate_limit")
    assert "300 s more" in refused.json["error"]["message"] or "299 s more" in refused.json["error"]["message"]
    assert refused.json["attempts"][0]["certainty"] == "not_sent"
    assert len(server.asked) == 1
    assert typed("ask", "-t", "both", "hello").code == 0
    assert [seen.json["model"] for seen in server.asked] == ["one", "two"]


def test_who_cannot_wait_for_a_turn_is_answered_by_the_next_model(
    typed: Shell, models: Layer, server: ScriptedServer, home: Path
) -> None:
    """A provider's own limit makes a call fall over like a rate limit of the server, without being sent."""
    models["providers"]["here"]["limits"] = {"requests_per_second": 0.01}
    models["providers"]["there"] = {"dialect": "openai", "base_url": f"{server.url}/v1"}
    models["models"]["here.two"]["provider"] = "there"
    write_layer(home, models)
    assert typed("ask", "-t", "both", "hello").code == 0
    fell = typed("ask", "-t", "both", "hello", "--json")
    assert fell.code == 0
    assert fell.err == "outrider: fallback here.one -> here.two (rate_limit)\n"
    assert "0.01 requests a second" in fell.json["attempts"][0]["message"]
    assert [seen.json["model"] for seen in server.asked] == ["one", "two"]
    assert Decimal(str(fell.json["cost_usd"])) > 0
