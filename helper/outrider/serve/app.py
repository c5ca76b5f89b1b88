"""The endpoint itself: which paths there are, and how each request is answered.

The routes are starlette's, the rest is plain ASGI: what stands between a client and its answer is paid by every call.
"""

import asyncio
import sys
import traceback
from asyncio import CancelledError, Task, create_task
from contextlib import suppress

from starlette.routing import Route, Router

from outrider.cli.show import note
from outrider.data import Answer
from outrider.errors import OutriderError
from outrider.serve.gate import Gate
from outrider.serve.guard import Guard, headers_of
from outrider.serve.http import (
    Event,
    Gone,
    Handler,
    Headers,
    Receive,
    Scope,
    Send,
    begin_events,
    read_body,
    reply,
    send_event,
)
from outrider.serve.names import Names
from outrider.serve.work import Done, Outlet, Work
from outrider.wire.serving import answers
from outrider.wire.serving.asked import Asked, read
from outrider.wire.serving.errors import Told, Unfit, mistaken, told

CHAT = ("/v1/chat/completions", "/v1/projects/{namespace}/{project}/chat/completions")
ENDING = told(503, "outrider serve is ending", code="ending", retry_after=5)


class App:
    """Answers requests; `stop` lets those under way go on for a while, `cut` ends them."""

    def __init__(self, guard: Guard, gate: Gate, work: Work, names: Names, *, is_quiet: bool) -> None:
        self._guard = guard
        self._gate = gate
        self._work = work
        self._names = names
        self._is_quiet = is_quiet
        self._under_way: set[Task[Done]] = set()
        self._is_cut = False
        self._router = Router(
            routes=[
                *(Route(path, _Only("POST", self._chat)) for path in CHAT),
                Route("/v1/models", _Only("GET", self._models)),
                Route("/v1/models/{name:path}", _Only("GET", self._model)),
            ],
            redirect_slashes=False, default=_nowhere,
        )  # fmt: skip

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            return
        watched = _Watched(send)
        try:
            self._guard.check(headers_of(scope["headers"]))
            await self._router(scope, receive, watched)
        except Gone:
            return
        except OutriderError as mistake:
            await self._complain(watched, mistaken(mistake))
        except Exception:  # noqa: BLE001 - a bug of ours: it is told here, and the others go on
            traceback.print_exc(file=sys.stderr)
            await self._complain(watched, told(500, "outrider failed; its own log says how", code="internal_error"))

    async def _complain(self, send: "_Watched", error: Told) -> None:
        if not send.has_begun:
            # What of a body was not read is not read any more.
            close = ((b"connection", b"close"),) if error.status in (408, 413) else ()
            await reply(send, error.status, error.body, (*error.headers, *close))

    def stop(self) -> None:
        """Takes no more requests."""
        self._gate.is_closing = True

    async def cut(self) -> None:
        """Ends what is under way; returns when each call is booked as it stands."""
        self._is_cut = True
        tasks = tuple(self._under_way)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _chat(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._gate.check()
        with self._gate.weight() as weight:
            asked = read(await read_body(headers_of(scope["headers"]), receive, weight))
            # An answer that must fit a schema is judged whole, before any of it is shown.
            out = Outlet(is_shown=asked.request.stream and asked.request.schema is None)
            task = create_task(self._work.carry_out(asked, out))
            self._under_way.add(task)
            task.add_done_callback(lambda _: out.wake.set())
            watcher = create_task(_leave_with(receive, task))
            try:
                await (self._stream if asked.request.stream else self._whole)(asked, out, task, send)
            finally:
                watcher.cancel()
                if not task.done():
                    task.cancel()
                    await asyncio.wait([task])
                self._under_way.discard(task)
                self._tell(asked, out, task)

    async def _whole(self, _asked: Asked, out: Outlet, task: Task[Done], send: Send) -> None:
        done = await self._ended(task)
        if done is None:
            return
        answer = _answer(done)
        if answer is None or done.ended is None:
            error = done.error or ENDING
            await reply(send, error.status, error.body, (*error.headers, *_about(out)))
            return
        usage = done.ended.attempts[-1].outcome.usage
        cost = (b"x-outrider-cost-usd", b"%.9f" % (done.receipt.cost_usd or 0.0))
        body = answers.completion(answer, usage, done.receipt)
        await reply(send, 200, body, (*_about(out), cost))

    async def _stream(self, asked: Asked, out: Outlet, task: Task[Done], send: Send) -> None:
        """Sends text as it arrives; the head waits for the first of it, so that a failure before keeps its status."""
        has_begun = False
        while True:
            await out.wake.wait()
            out.wake.clear()
            is_last = task.done()
            text = out.take()
            if text:
                opening = b"" if has_begun else answers.opening(out.receipt)
                if not has_begun:
                    await begin_events(send, _about(out))
                    has_begun = True
                await send_event(send, opening + answers.piece(out.receipt, text))
            if is_last:
                break
        done = await self._ended(task)
        if done is None:
            return
        answer = _answer(done)
        if answer is None or done.ended is None:
            error = done.error or ENDING
            if has_begun:
                await send_event(send, answers.breaking(error.body), is_last=True)
            else:
                await reply(send, error.status, error.body, (*error.headers, *_about(out)))
            return
        # What was shown is the beginning of the answer; the end of a reply may add to it.
        rest = answer.text[out.shown :]
        events = b"" if has_begun else answers.opening(done.receipt)
        if not has_begun:
            await begin_events(send, _about(out))
        events += answers.piece(done.receipt, rest) if rest else b""
        usage = done.ended.attempts[-1].outcome.usage
        events += answers.closing(answer, usage, done.receipt, counts_usage=asked.counts_usage)
        await send_event(send, events, is_last=True)

    async def _ended(self, task: Task[Done]) -> Done | None:
        """Returns what came of it; nothing where the client left. Who is cut off hears that we are ending."""
        try:
            return await task
        except CancelledError:
            if self._is_cut:
                raise Unfit("outrider serve is ending", status=503, code="ending", retry_after=5) from None
            if task.cancelled():
                return None
            raise

    def _tell(self, asked: Asked, out: Outlet, task: Task[Done]) -> None:
        """Says on stderr what came of a request."""
        if self._is_quiet:
            return
        mistake = None if task.cancelled() else task.exception()
        if task.cancelled():
            what = "cancelled"
        elif isinstance(mistake, OutriderError):
            what = f"{mistaken(mistake).status} {mistake.message}"
        elif mistake is not None:
            what = "500"
        else:
            done = task.result()
            what = f"{done.error.status}" if done.error is not None else f"200 {done.receipt.model}"
            if done.receipt.cost_usd is not None:
                what += f", ${done.receipt.cost_usd:.6f}"
        note(f"{out.run} {asked.model[:80] or 'default'}: {what}")

    async def _models(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = answers.listing(self._names.all(), at=self._names.at)
        await reply(send, 200, body, has_body=scope["method"] != "HEAD")

    async def _model(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = str(scope["path_params"]["name"])
        body = answers.listed(name, self._names.owner(name), at=self._names.at)
        await reply(send, 200, body, has_body=scope["method"] != "HEAD")


class _Only:
    """One path's method; another gets 405."""

    def __init__(self, method: str, handler: Handler) -> None:
        self._methods = (method, "HEAD") if method == "GET" else (method,)
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in self._methods:
            error = told(405, f"use {self._methods[0]} here", code="method_not_allowed")
            allow = (b"allow", ", ".join(self._methods).encode("ascii"))
            await reply(send, error.status, error.body, (allow, *error.headers), has_body=scope["method"] != "HEAD")
            return
        await self._handler(scope, receive, send)


class _Watched:
    """Remembers whether an answer has begun: there is only one."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.has_begun = False

    async def __call__(self, event: Event) -> None:
        self.has_begun = True
        await self._send(event)


async def _nowhere(scope: Scope, _receive: Receive, send: Send) -> None:
    """Answers for what is not here; Anthropic's own surface is never offered."""
    error = told(404, "there is nothing here", "the paths are /v1/chat/completions and /v1/models", code="not_found")
    await reply(send, 404, error.body, error.headers, has_body=scope.get("method") != "HEAD")


async def _leave_with(receive: Receive, task: Task[Done]) -> None:
    """Cancels the work when its client leaves: the call is booked as it stands."""
    with suppress(CancelledError):
        while (await receive())["type"] != "http.disconnect":
            continue
        task.cancel()


def _answer(done: Done) -> Answer | None:
    return done.ended.answer if done.ended is not None else None


def _about(out: Outlet) -> Headers:
    return ((b"x-outrider-run", out.run.encode("ascii")),)
