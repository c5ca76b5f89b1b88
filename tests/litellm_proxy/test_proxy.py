"""One LITELLM_API_KEY and a proxy's address are enough: the installed command against a real LiteLLM proxy."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.litellm_proxy.proxy import CannotInstallError, Proxy, install, running
from tests.machines import ROOT, Machine, fill_wheels, make_machine
from tests.network import opened_loopback

pytestmark = pytest.mark.litellm

ANSWER = "hello from the proxy"
BUSY = "litellm.RateLimitError"


def shipped() -> dict[str, str]:
    """Finds the ids under which the shipped registry expects its models at a LiteLLM proxy."""
    models = json.loads((ROOT / ".claude/config/models.json").read_text(encoding="utf-8"))["models"]
    return {name: row["also"]["litellm"] for name, row in models.items() if "litellm" in row.get("also", {})}


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """Runs one proxy for all tests here; it serves every model of the registry, and one that is always busy."""
    try:
        program = install()
    except CannotInstallError as error:
        pytest.skip(f"LOUD: the real LiteLLM proxy was NOT tested: its packages cannot be installed: {error}")
    answers = dict.fromkeys(sorted(set(shipped().values())), ANSWER) | {"busy": BUSY}
    with opened_loopback(), running(program, tmp_path_factory.mktemp("proxy"), answers=answers) as started:
        yield started


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory, proxy: Proxy) -> Machine:
    """Installs the helper, with the proxy's key as the only one and its address in the user's own layer."""
    made = make_machine(tmp_path_factory.mktemp("litellm") / "machine", fill_wheels())
    done = made.run("--helper-only")
    assert done.returncode == 0, done.stdout + done.stderr
    config = made.home / ".claude/config/models.local.json"
    config.parent.mkdir(parents=True)
    rows = {
        "proxy.gone": {"provider": "litellm", "id": "no-such-model"},
        "proxy.busy": {"provider": "litellm", "id": "busy"},
        "proxy.here": {"provider": "litellm", "id": min(shipped().values())},
    }
    layer = {
        "version": 1,
        "providers": {"litellm": {"base_url": proxy.url}},
        "models": rows,
        "tasks": {"stony": {"chain": ["proxy.gone", "proxy.busy", "proxy.here"]}},
    }
    config.write_text(json.dumps(layer), encoding="utf-8")
    return Machine(home=made.home, env={**made.env, "LITELLM_API_KEY": proxy.key})


def outrider(machine: Machine, *args: str, folder: Path, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    """Runs the installed command in a folder that belongs to no project."""
    return subprocess.run(
        [machine.link, *args],
        env=dict(machine.env),
        cwd=folder,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def envelope(done: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    """Reads the one JSON object of an answer."""
    read: dict[str, Any] = json.loads(done.stdout)
    return read


def test_a_plain_ask_is_answered_through_the_proxy(machine: Machine, tmp_path: Path) -> None:
    """The shipped default chain works with only LITELLM_API_KEY, and the receipt says which way it went."""
    done = outrider(machine, "ask", "hello", "--json", folder=tmp_path)
    read = envelope(done)
    assert done.returncode == 0, done.stderr
    assert read["answer"] == ANSWER
    assert read["served_by"].startswith("litellm")
    assert [(attempt["provider"], attempt["outcome"]) for attempt in read["attempts"]] == [("litellm", "answer")]
    assert read["usage"]["input"] > 0


@pytest.mark.parametrize("stream", ["--stream", "--no-stream"])
def test_text_comes_streamed_and_whole(machine: Machine, tmp_path: Path, stream: str) -> None:
    """Both codecs read what the proxy really sends."""
    done = outrider(machine, "ask", "-m", f"litellm/{min(shipped().values())}", "hello", stream, folder=tmp_path)
    assert (done.returncode, done.stdout.strip()) == (0, ANSWER), done.stderr


def test_every_shipped_task_is_answered(machine: Machine, tmp_path: Path) -> None:
    """No chain of the shipped registry needs another key than the proxy's, but for the private ones."""
    tasks = json.loads((ROOT / ".claude/config/models.json").read_text(encoding="utf-8"))["tasks"]
    open_tasks = [name for name, row in tasks.items() if not row.get("private")]
    answers = {
        name: envelope(outrider(machine, "ask", "-t", name, "hello", "--json", folder=tmp_path))["answer"]
        for name in open_tasks
    }
    assert answers == dict.fromkeys(open_tasks, ANSWER)


def test_models_live_lists_what_the_proxy_serves(machine: Machine, tmp_path: Path) -> None:
    """The live list comes from the proxy itself."""
    done = outrider(machine, "models", "--live", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert '"busy"' in done.stdout


def test_an_unknown_and_a_busy_model_fall_over(machine: Machine, tmp_path: Path) -> None:
    """What the proxy does not have is passed over, what is busy is left, and the next one answers."""
    done = outrider(machine, "ask", "-t", "stony", "hello", "--json", folder=tmp_path)
    read = envelope(done)
    assert (done.returncode, read["answer"], read["model"]) == (0, ANSWER, "proxy.here")
    assert [(attempt["model"], attempt["kind"]) for attempt in read["attempts"]][-2:] == [
        ("proxy.busy", "rate_limit"),
        ("proxy.here", None),
    ]
    assert "outrider: fallback proxy.busy -> proxy.here (rate_limit)" in done.stderr


def test_an_unknown_model_alone_is_told(machine: Machine, tmp_path: Path) -> None:
    """The proxy's own words for a model it does not have become the kind `not_found`."""
    done = outrider(machine, "ask", "-m", "litellm/no-such-model", "hello", "--json", folder=tmp_path)
    assert (done.returncode, envelope(done)["error"]["kind"]) == (1, "not_found")


def test_a_wrong_key_is_told(machine: Machine, tmp_path: Path) -> None:
    """A key that the proxy refuses is an authentication failure, and the key is not repeated."""
    wrong = "sk-" + "wrong" * 5
    other = Machine(home=machine.home, env={**machine.env, "LITELLM_API_KEY": wrong})
    done = outrider(other, "ask", "-m", "litellm/busy", "hello", "--json", folder=tmp_path)
    assert (done.returncode, envelope(done)["error"]["kind"]) == (1, "auth")
    assert wrong not in done.stdout + done.stderr
