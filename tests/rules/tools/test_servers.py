"""Tool servers: whose row counts for what, and where a run's data may go."""

from typing import Any

import pytest

from outrider.rules.tools.servers import Server, Servers, address_trouble, barred, gathered

FILE = "/repo/.claude/mcp-servers.json"


def both(user: dict[str, Any], project: dict[str, Any], *, trusted: bool = True, **more: Any) -> Servers:
    """Returns what follows from the servers of the user's file and of the project's."""
    return gathered({"mcpServers": user, **more}, {"mcpServers": project}, trusted=trusted, root="/repo",
                    project_file=FILE)  # fmt: skip


def a_server(**fields: Any) -> Server:
    """Returns a server of the user's."""
    return Server(**{"name": "s", "env": {}, "headers": {}, **fields})


def test_a_users_row() -> None:
    """Everything counts, and `{project}` is the checkout."""
    row = {
        "command": "npx", "args": ["-y", "{project}/docs"], "env": {"A": "1"}, "keys": ["TOKEN"], "deny": ["x"],
        "allow": ["@read-only"], "local": True, "class": "internal", "timeout": 5, "cwd": "/srv",
    }  # fmt: skip
    assert both({"s": row}, {}) == Servers(
        rows={
            "s": a_server(command=("npx", "-y", "/repo/docs"), env={"A": "1"}, keys=("TOKEN",),
                          allow=("@read-only",), deny=("x",), local=True, data_class="internal", timeout=5.0,
                          cwd="/srv")
        }
    )  # fmt: skip


def test_a_project_that_is_not_trusted_has_no_servers() -> None:
    """Nothing of its file counts, and the user hears of it."""
    found = both({}, {"s": {"command": "evil"}}, trusted=False)
    assert found.rows == {}
    assert found.notes == (f"{FILE} is not trusted, so its tool servers are ignored (see `outrider trust`)",)


def test_a_trusted_project_says_how_and_the_user_says_what() -> None:
    """A project's row allows nothing, claims no locality and gets no key; the user's row of that name may allow."""
    row = {"command": "db", "args": ["{project}"], "allow": ["*"], "local": True, "keys": ["AWS_SECRET"]}
    alone = both({}, {"db": row})
    assert alone.rows == {"db": a_server(name="db", command=("db", "{project}"), of_project=True)}
    assert alone.notes == (f"{FILE}: only the user's own file may say `allow` of a server (db)",)
    allowed = both({"db": {"allow": ["query"], "keys": ["TOKEN"]}}, {"db": {"command": "db"}})
    assert allowed.rows == {"db": a_server(name="db", command=("db",), allow=("query",), of_project=True)}
    assert allowed.notes == (f"{FILE}: db is a project's server, so it gets no key of the user's",)


def test_no_project_takes_the_name_of_a_users_server() -> None:
    """The user's whole row wins, and the user hears that there was another."""
    found = both({"s": {"command": "mine"}}, {"s": {"command": "theirs"}})
    assert found.rows == {"s": a_server(command=("mine",))}
    assert found.notes == (f"{FILE}: the server s is the user's own, so this one is ignored",)


def test_a_projects_address_must_be_listed() -> None:
    """A project's server may be only where the user says that servers of projects may be."""
    row = {"url": "https://tools.example/mcp"}
    refused = both({}, {"s": row})
    assert refused.rows == {}
    assert refused.notes == (f"{FILE}: s is at https://tools.example:443, which the user has not listed (`origins`)",)
    listed = both({}, {"s": row}, origins=["https://tools.example"])
    assert listed.rows == {"s": a_server(url="https://tools.example/mcp", of_project=True)}


def test_a_row_without_a_server_is_told() -> None:
    """What allows something of a server that nobody has says so."""
    assert both({"s": {"allow": ["x"]}}, {}) == Servers(
        rows={}, notes=("the server s has neither `command` nor `url`, so there is nothing to start",)
    )


@pytest.mark.parametrize(
    ("fields", "private", "data_class", "open_"),
    [
        ({"command": ("x",)}, False, "public", True),
        ({"command": ("x",)}, True, "public", False),
        ({"command": ("x",)}, False, "internal", False),
        ({"command": ("x",), "data_class": "secret"}, False, "internal", True),
        ({"command": ("x",), "data_class": "secret"}, False, "local-only", False),
        ({"command": ("x",), "local": True}, True, "local-only", True),
        ({"url": "http://127.0.0.1:1/mcp"}, True, "local-only", False),
        ({"url": "http://127.0.0.1:1/mcp", "local": True}, True, "local-only", True),
        ({"url": "https://8.8.8.8/mcp", "local": True}, True, "local-only", False),
        ({"url": "https://me@127.0.0.1/mcp", "local": True}, True, "public", False),
    ],
)
def test_where_a_runs_data_may_go(fields: dict[str, Any], data_class: str, *, private: bool, open_: bool) -> None:
    """What is not local by the user's word and by its address sees no private run, and no class beyond its own."""
    assert (barred(a_server(**fields), private=private, data_class=data_class) is None) is open_


@pytest.mark.parametrize(
    ("url", "local", "is_sound"),
    [
        ("https://tools.example/mcp", False, True),
        ("http://tools.example/mcp", False, False),
        ("http://tools.example/mcp", True, True),
        ("http://localhost:3000/mcp", False, True),
        ("https://user:pw@tools.example", False, False),
    ],
)
def test_plain_http_is_for_machines_of_the_users(url: str, *, local: bool, is_sound: bool) -> None:
    """As for providers: plain http to a loopback or to what the user calls local, and to nobody else."""
    assert (address_trouble(a_server(url=url, local=local)) is None) is is_sound


def test_where_data_goes_is_named() -> None:
    """The audit names an origin or a program."""
    assert a_server(url="https://tools.example/mcp?x").place == ""
    assert a_server(url="https://tools.example/mcp").place == "https://tools.example:443"
    assert a_server(command=("/usr/bin/node", "x")).place == "program node"
