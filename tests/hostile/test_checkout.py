"""Opening a hostile checkout and running any command in it sends nothing to it and runs nothing of it."""

import json
import os
from pathlib import Path

import pytest

from outrider.cli.group import COMMANDS
from tests.hostile.stage import CANARIES, KEYS, STORED, Ended, Stage, files_with_a_key, hostile_settings
from tests.lanes import only
from tests.servers import ScriptedServer

NOT_FOR_A_CHECKOUT = {
    "render": "makes the committed pack, for contributors", "install": "writes the pack", "uninstall": "removes it",
    "upgrade": "writes the pack", "mcp": "runs until its input ends", "serve": "runs until it is stopped",
}  # fmt: skip
LINES = {
    "ask": (
        "ask hello", "ask -t both -f note.txt --json hello", "ask -t coding --json hello", "ask -t auto hello",
        "ask -m openai.mine --stream hello", "ask --private hello", "ask -m near/anything hello", "ask -m cheap hello",
        "ask --thread talk hello", "ask -f pipe hello", "ask -f link.txt hello", "ask --prompt take hello",
        "ask -m openai.mine --out answer.txt hello", "ask --preset local hello", "ask --dry-run hello",
        "ask -m openai.mine --schema note.txt hello",
    ),
    "route": ("route hello", "route -t both --json hello", "route -m evil.model hello", "route --private hello"),
    "why": ("ask -m echo hello", "why", "why --json"),
    "models": ("models", "models --live", "models show openai.mine", "models list --json --live"),
    "providers": ("providers", "providers --json"),
    "doctor": ("doctor", "doctor --json", "doctor --live"),
    "config": ("config check", "config path", "config check --json"),
    "keys": ("keys", "keys --json"),
    "trust": ("trust", "trust --list --json", "trust --revoke"),
    "switch": ("switch status", "switch local", "ask hello", "switch default"),
    "audit": ("ask hello", "audit", "audit data --json --file note.txt", "audit data --export kept.json"),
    "usage": ("usage", "usage --rows --json"),
    "thread": ("thread", "thread list --json"),
    "jobs": ("ask --background hello", "jobs", "jobs list --json"),
    "prune": ("prune", "prune --answers"),
}  # fmt: skip
NAMES = [name for commands in COMMANDS.values() for name in commands if name not in NOT_FOR_A_CHECKOUT]


def bound(server: ScriptedServer) -> None:
    """Asserts that each key went in one header, to the provider that it is for."""
    for seen in server.requests:
        told = [name for name, value in seen.headers.items() if any(key in value for key in CANARIES)]
        assert told in ([], ["authorization"]), seen
        assert not any(key.encode() in seen.body or key in seen.path for key in CANARIES), seen


@pytest.mark.parametrize("inside", ["", "1"], ids=["terminal", "claude-code"])
@pytest.mark.parametrize("name", only(NAMES, "route"))
def test_no_command_serves_a_hostile_checkout(name: str, inside: str, stage_at: Stage, server: ScriptedServer) -> None:
    """Settings, environment, modules, links and pipes of a checkout reach nobody, run nothing and show no key."""
    env = {"CLAUDECODE": inside} if inside else {}
    lines = LINES.get(name, (name, f"{name} --json"))
    # The first lines stand for all at a terminal; inside Claude Code, where a checkout speaks, each is tried.
    ended = [stage_at.run(line, env=env) for line in (lines if inside else lines[:2])]
    stage_at.assert_nothing_went_wrong(*ended)
    bound(server)
    assert not (stage_at.home / ".claude" / "answers").exists()


def test_the_user_is_served_in_a_hostile_checkout(stage_at: Stage, server: ScriptedServer) -> None:
    """What the user asks goes where the user's settings say, with the user's key, and says what was ignored."""
    ended = stage_at.run("ask -t both --json hello")
    assert (ended.code, json.loads(ended.out)["model"]) == (0, "openai.mine")
    assert "is not trusted" in ended.err
    assert [seen.headers["authorization"] for seen in server.asked] == [f"Bearer {KEYS['OPENAI_API_KEY']}"]
    assert [message["role"] for message in server.asked[0].json["messages"]] == ["user"]
    limits = json.loads(stage_at.run("status --json").out)["budgets"]
    assert {row["period"]: row["budget_usd"] for row in limits}["day"] == 10
    stage_at.assert_nothing_went_wrong(ended)


def test_a_private_question_waits_for_no_checkout(stage_at: Stage, server: ScriptedServer) -> None:
    """A provider that calls itself local in a checkout is asked nothing: there is no local model, so it fails."""
    ended = stage_at.run("ask --private --json", stdin="for nobody")
    assert (ended.code, json.loads(ended.out)["error"]["kind"]) == (5, "private")
    assert server.requests == ()
    stage_at.assert_nothing_went_wrong(ended)


@pytest.mark.parametrize(
    "line", only(["ask hello", "route hello", "status", "models --live", "keys", "doctor", "usage"], "ask hello")
)
@pytest.mark.parametrize("name", ["OUTRIDER_HOME", "CLAUDE_CONFIG_DIR", "HOME"])
def test_no_folder_of_ours_is_in_the_checkout(name: str, line: str, stage_at: Stage, server: ScriptedServer) -> None:
    """Inside Claude Code a home under the project is refused before anything in it is read."""
    place = stage_at.checkout / "moved"
    for config in (place / "config", place / ".claude" / "config"):
        config.mkdir(parents=True)
        (config / "models.local.json").write_text(json.dumps(hostile_settings(stage_at.evil.url)), encoding="utf-8")
    (place / "env").write_text("OPENAI_API_KEY=theirs\n", encoding="utf-8")
    ended = stage_at.run(line, env={"CLAUDECODE": "1", name: str(place)})
    assert (ended.code, ended.out) == (5, "")
    assert name in ended.err
    assert server.requests == ()
    stage_at.assert_nothing_went_wrong(ended)


def fifo(path: Path) -> None:
    """Puts a pipe there."""
    os.mkfifo(path)


def huge(path: Path) -> None:
    """Puts a large file there."""
    with path.open("wb") as file:
        file.truncate(3_000_000_000)


ODD = {
    "a pipe": fifo,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a link out": lambda path: path.symlink_to("/etc/passwd"),
    "a link to keys": lambda path: path.symlink_to(path.parents[3] / "home/.config/outrider/env"),
    "a folder": lambda path: path.mkdir(),
    "a large file": huge,
    "deep": lambda path: path.write_text("[" * 200_000 + "]" * 200_000),
    "wide": lambda path: path.write_text('{"a":' * 500 + "1" + "}" * 500),
    "no JSON": lambda path: path.write_bytes(b"\xff\xfe\0{{"),
    "long numbers": lambda path: path.write_text('{"limits": {"total": ' + "9" * 100_000 + "}}"),
    "infinite": lambda path: path.write_text('{"limits": {"total": 1e999, "budget_usd": {"day": -1e999}}}'),
    "twice": lambda path: path.write_text('{"default": "a", "default": "b"}'),
    "a list": lambda path: path.write_text("[]"),
}  # fmt: skip


@pytest.mark.parametrize("what", only(ODD, "a pipe"))
def test_odd_files_end_a_command_in_one_line(what: str, stage_at: Stage, server: ScriptedServer) -> None:
    """Whatever stands where settings may, a command answers or ends with 1 or 2, at once, in words, sending nothing."""
    for name in ("models.json", "models.local.json"):
        path = stage_at.checkout / ".claude" / "config" / name
        path.unlink()
        ODD[what](path)
    ended: list[Ended] = [stage_at.run(line) for line in ("route hello", "status", "trust --yes", "doctor")]
    assert {one.code for one in ended} <= {0, 1, 2}, ended
    assert server.requests == ()
    stage_at.assert_nothing_went_wrong(*ended)


REFUSED = (
    "thief may not send OPENAI_API_KEY", "near may not call itself local", "may say `network`",
    "evil may not take AWS_SECRET_ACCESS_KEY", "other may not send MISTRAL_API_KEY", "only the managed layer may say",
)  # fmt: skip


@pytest.mark.process
def test_a_trusted_checkout_gets_no_key_that_is_bound(stage_at: Stage, server: ScriptedServer) -> None:
    """Trust moves no key: not the user's, not one in the key file, not another program's; and it says so."""
    refused = stage_at.run("trust --yes")
    assert refused.code == 2
    assert [word for word in REFUSED if word not in refused.err] == []
    stage_at.assert_nothing_went_wrong(refused)
    settings = hostile_settings(stage_at.evil.url)
    settings["providers"]["own"] = {"dialect": "openai", "base_url": f"{stage_at.evil.url}/v1", "key_optional": True}
    own = {"provider": "own", "id": "x", "price": {"input": 0, "output": 0}}
    settings |= {
        "models": {"own.model": own, "openai.mine": {"provider": "openai", "also": {"own": "y"}}}, "presets": {},
        "aliases": {}, "tasks": {"both": {"chain": ["own.model", "openai.mine", "mistral.mine"]}},
    }  # fmt: skip
    del settings["preset"]
    (stage_at.checkout / ".claude/config/models.json").write_text(json.dumps(settings), encoding="utf-8")
    trusted = stage_at.run("trust --yes")
    assert trusted.code == 0, trusted
    assert f"PROMPTS GO TO {stage_at.evil.url} (provider own)" in trusted.out
    for line in ("ask -t both hello", "ask -m openai.mine hello", "ask -m own.model hello", "ask -m thief/x hello",
                 "ask -m evil/x hello", "ask -m other/x hello", "ask -m near/x hello", "models --live", "doctor --live",
                 "ask --private hello"):  # fmt: skip
        ended = stage_at.run(line)
        assert not any(key in ended.out + ended.err for key in CANARIES), ended
    assert stage_at.evil.heard, "what the user trusted is asked"
    heard = b"".join(stage_at.evil.heard).decode("latin-1")
    assert not any(key in heard for key in CANARIES)
    bound(server)
    assert STORED["MISTRAL_API_KEY"] in "".join(seen.headers.get("authorization", "") for seen in server.requests)
    assert not stage_at.marker.exists()
    assert files_with_a_key(stage_at.home, stage_at.checkout) == []


@pytest.mark.process
def test_the_words_of_a_trusted_checkout_are_no_template(stage_at: Stage, server: ScriptedServer) -> None:
    """A prompt of a trusted project is sent as it is written: nothing in it is computed or filled from our machine."""
    config = stage_at.checkout / ".claude" / "config"
    (config / "models.local.json").unlink()
    words = "{{ 7 * 7 }} ${HOME} %(x)s {key} {0.__class__} $(id)"
    (config / "models.json").write_text(json.dumps({"prompts": {"take": words}}), encoding="utf-8")
    assert stage_at.run("trust --yes").code == 0
    assert stage_at.run("ask -m openai.mine --prompt take hello").code == 0
    assert server.asked[0].json["messages"][0]["content"] == words
    stage_at.assert_nothing_went_wrong()


@pytest.mark.parametrize("line", ["status --json", "doctor --json", "ask -t coding hello"])
def test_a_checkout_has_openssl_load_nothing(line: str, stage_at: Stage, server: ScriptedServer) -> None:
    """Its settings for OpenSSL, which can name programs to load, are not even opened: here that would wait for ever."""
    pipe = str(stage_at.checkout / "pipe")
    ended = stage_at.run(line, env={"CLAUDECODE": "1", "OPENSSL_CONF": pipe, "OPENSSL_MODULES": pipe})
    stage_at.assert_nothing_went_wrong(ended)
    bound(server)
