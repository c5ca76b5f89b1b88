"""How a call goes and ends: told as it goes, cancelled and booked, one of many at once."""

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import anyio

from outrider.doors import keys, settings
from outrider.mcp_server.server import Front
from tests.cli.typing_it import write_layer
from tests.mcp_server.speaking import attempts, call, speak, text
from tests.servers import Reply, ScriptedServer, say, way


def test_progress_is_told_to_whom_asks_for_it(layer: Any, server: ScriptedServer) -> None:
    """Whom we ask, whom then, and how much of an answer is there; each with a higher number."""
    server.script(Reply(status=503), Reply(status=503), model="one")
    server.always(replace(way("drip", say("word " * 6)), pause=0.001), model="two")
    heard: list[tuple[float, str | None]] = []

    async def listen(progress: float, total: float | None, message: str | None) -> None:
        heard.append((progress, message))

    quick = partial(Front, say_every=0.01)
    speak(lambda client: client.call_tool("ask", {"prompt": "hello"}, progress_callback=listen), front=quick)
    numbers, said = zip(*heard, strict=True)
    assert list(numbers) == sorted(set(numbers))
    assert said[0] == "asking here.one"
    assert any(str(one).startswith("fallback here.one -> here.two (server): ") for one in said), said


def test_a_cancelled_call_is_cut_off_and_booked_in_doubt(layer: Any, home: Path, server: ScriptedServer) -> None:
    """What had left may be billed; the server goes on, and the next call is answered."""
    server.always(way("hang"), model="one")

    async def cancelled(client: Any) -> Any:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.call_tool, "ask", {"prompt": "hello", "model": "here.one"})
            assert await asyncio.to_thread(server.wait_for, 1)
            tasks.cancel_scope.cancel()
        return await client.call_tool("ask", {"prompt": "again", "model": "here.two"})

    assert not speak(cancelled).is_error
    assert attempts(home) == [("one", "interrupted", "in_doubt"), ("two", "answer", "exact")]


def test_a_cancelled_panel_books_every_seat(layer: Any, home: Path, server: ScriptedServer) -> None:
    """Each call that had left is in doubt, and the run is a failure by interruption."""
    for model in ("one", "two", "three"):
        server.always(way("hang"), model=model)

    async def cancelled(client: Any) -> Any:
        async with anyio.create_task_group() as tasks:
            asked = {"prompt": "safe?", "panel": "trio", "choices": ["yes", "no"]}
            tasks.start_soon(client.call_tool, "consensus", asked)
            assert await asyncio.to_thread(server.wait_for, 3)
            tasks.cancel_scope.cancel()
        return await client.call_tool("why", {})

    told = speak(cancelled).structured_content
    assert sorted(attempts(home)) == [(name, "interrupted", "in_doubt") for name in ("one", "three", "two")]
    assert (told["outcome"], told["kind"]) == ("failure", "interrupted")


def test_many_calls_at_once_share_one_book(layer: Any, home: Path, server: ScriptedServer) -> None:
    """None waits for another, and each is booked."""

    async def many(client: Any) -> list[Any]:
        calls = (client.call_tool("ask", {"prompt": f"number {number}"}) for number in range(20))
        return list(await asyncio.gather(*calls))

    done = speak(many)
    assert {one.is_error for one in done} == {False}
    assert len({one.structured_content["run"] for one in done}) == 20
    assert len(attempts(home)) == 20


def test_too_many_calls_are_refused_at_once(layer: Any, server: ScriptedServer) -> None:
    """A client that never stops is told to wait, before memory is."""
    server.always(way("hang"), model="one")

    async def flooded(client: Any) -> Any:
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(client.call_tool, "ask", {"prompt": "hello", "model": "here.one"})
            assert await asyncio.to_thread(server.wait_for, 2)
            refused = await client.call_tool("models", {})
            tasks.cancel_scope.cancel()
        return refused, await client.call_tool("models", {})

    refused, then = speak(flooded, front=partial(Front, at_once=2, most=3))
    assert (refused.is_error, text(refused).splitlines()[0]) == (True, "error: too many calls are under way")
    assert not then.is_error


def test_a_book_that_is_set_aside_is_opened_anew(layer: Any, home: Path) -> None:
    """The server does not go on writing into a file that nobody reads any more."""

    async def moved(client: Any) -> None:
        await client.call_tool("ask", {"prompt": "hello"})
        book = home / ".config" / "outrider" / "ledger.db"
        book.rename(book.with_name("ledger.damaged"))
        await client.call_tool("ask", {"prompt": "hello"})

    speak(moved)
    assert len(attempts(home)) == 1


def test_a_switch_and_a_key_count_at_the_next_call(layer: Any, home: Path, server: ScriptedServer) -> None:
    """What a person changes beside a running server holds at once."""
    layer["providers"]["here"]["key"] = "HERE_API_KEY"
    write_layer(home, layer)

    async def keyed(client: Any) -> tuple[Any, Any]:
        before = await client.call_tool("ask", {"prompt": "hello", "model": "here.one"})
        keys.store(settings.places(), {"HERE_API_KEY": "sk-test-0123456789abcdef"})
        return before, await client.call_tool("ask", {"prompt": "hello", "model": "here.one"})

    before, after = speak(keyed)
    assert (before.is_error, after.is_error) == (True, False)
    assert server.asked[0].headers["authorization"] == "Bearer sk-test-0123456789abcdef"


def test_a_key_in_a_prompt_is_refused(layer: Any, home: Path, server: ScriptedServer) -> None:
    """As on the command line, before anything is booked."""
    layer["providers"]["here"]["key"] = "HERE_API_KEY"
    layer["providers"]["here"]["base_url"] = "https://here.invalid/v1"
    write_layer(home, layer)
    keys.store(settings.places(), {"HERE_API_KEY": "sk-test-0123456789abcdef"})
    done = call("ask", prompt="what is sk-test-0123456789abcdef?", model="here.one")
    assert (done.is_error, "HERE_API_KEY" in text(done), server.asked) == (True, True, ())
