"""Drives a real Chromium over a pipe, in its own DevTools protocol: no library, no port, no profile that stays."""

import base64
import glob
import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
PLACES = (
    "~/.cache/ms-playwright/chromium-*/chrome-linux*/chrome",
    "/root/.cache/ms-playwright/chromium-*/chrome-linux*/chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
# The protocol speaks on descriptors 3 and 4.
PLUG = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.dup2(int(sys.argv[2]), 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
PATIENCE = 60.0
"""How long any answer of the browser may take, in seconds."""


def program() -> str | None:
    """Returns the browser of this machine: the one that `OUTRIDER_BROWSER` names, or the first that is found."""
    found = (os.environ.get("OUTRIDER_BROWSER"), *map(shutil.which, NAMES))
    files = [path for place in PLACES for path in sorted(glob.glob(os.path.expanduser(place)))]
    return next((path for path in (*found, *files) if path), None)


class BrowserError(Exception):
    """The browser said no, or nothing."""


class Tab:
    """One open page, and everything that happened in it since it was opened."""

    def __init__(self, browser: "Browser", session: str) -> None:
        self._browser, self._session = browser, session
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, **given: Any) -> dict[str, Any]:
        """Gives an order, and returns what came of it."""
        return self._browser.call(method, session=self._session, **given)

    def open(self, path: Path, *, width: int, height: int = 900, dark: bool = False, script: bool = True) -> None:
        """Opens a file in a window of this width, in one of the two schemes, with or without scripts."""
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Emulation.setScriptExecutionDisabled", value=not script)
        self.call("Page.navigate", url=path.resolve().as_uri())
        self._browser.until(lambda: any(event["method"] == "Page.loadEventFired" for event in self.events))

    def evaluate(self, expression: str) -> Any:
        """Returns what an expression comes to in the page; the page's own policy does not bind us."""
        done = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in done:
            raise BrowserError(json.dumps(done["exceptionDetails"])[:500])
        return done["result"].get("value")

    def press(self, key: str, code: int, text: str = "") -> None:
        """Presses a key and lets it go."""
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code,
                      **({"text": text} if text and kind == "keyDown" else {}))  # fmt: skip

    def click(self, x: float, y: float) -> None:
        """Clicks where a person would."""
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def picture(self, *, whole: bool = True, height: int | None = None) -> bytes:
        """Returns the page as a PNG: all of it, or as much of it as is this high."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": height or size["height"], "scale": 1}
        done = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole, clip=clip)
        return base64.b64decode(done["data"])

    def printed(self) -> bytes:
        """Returns the page as it would be printed."""
        return base64.b64decode(self.call("Page.printToPDF", printBackground=True)["data"])

    def requests(self) -> list[str]:
        """Returns every address that the page asked for."""
        return [event["params"]["request"]["url"] for event in self.events
                if event["method"] == "Network.requestWillBeSent"]  # fmt: skip

    def complaints(self) -> list[str]:
        """Returns everything on the console, errors that nobody caught among it."""
        loud = {"Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"}
        return [json.dumps(event["params"])[:300] for event in self.events if event["method"] in loud]


class Browser:
    """A browser that runs, and its two pipes."""

    def __init__(self, process: subprocess.Popen[bytes], reads: int, writes: int) -> None:
        self._process, self._reads, self._writes = process, reads, writes
        self._number, self._rest = 0, b""
        self._answers: dict[int, dict[str, Any]] = {}
        self._tabs: dict[str, Tab] = {}

    def call(self, method: str, *, session: str | None = None, **given: Any) -> dict[str, Any]:
        """Gives an order, and returns what came of it."""
        self._number += 1
        number = self._number
        order = {"id": number, "method": method, "params": given, **({"sessionId": session} if session else {})}
        os.write(self._writes, json.dumps(order).encode() + b"\0")
        self.until(lambda: number in self._answers)
        answer = self._answers.pop(number)
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    def until(self, is_so: Any) -> None:
        """Listens until something is so."""
        end = time.monotonic() + PATIENCE
        while not is_so():
            ready, _, _ = select.select([self._reads], [], [], max(end - time.monotonic(), 0))
            data = os.read(self._reads, 1 << 20) if ready else b""
            if not data:
                raise BrowserError(f"the browser is silent; it ended with {self._process.poll()}")
            *whole, self._rest = (self._rest + data).split(b"\0")
            for message in map(json.loads, whole):
                if "id" in message:
                    self._answers[message["id"]] = message
                elif message.get("sessionId") in self._tabs:
                    self._tabs[message["sessionId"]].events.append(message)

    @contextmanager
    def tab(self) -> Iterator[Tab]:
        """Gives a fresh page, and closes it."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._tabs[session] = tab = Tab(self, session)
        try:
            yield tab
        finally:
            del self._tabs[session]
            self.call("Target.closeTarget", targetId=target)


@contextmanager
def running(path: str) -> Iterator[Browser]:
    """Starts a browser that nobody sees, and ends it."""
    reads, told = os.pipe()
    orders, writes = os.pipe()
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        flags = [
            "--headless=new", "--remote-debugging-pipe", f"--user-data-dir={profile}", "--no-first-run",
            "--no-default-browser-check", "--disable-gpu", "--disable-dev-shm-usage", "--disable-extensions",
            "--disable-background-networking", "--hide-scrollbars", "--force-color-profile=srgb",
            # Its own sandbox needs what a container often does not give; the page is ours, and loads nothing.
            "--no-sandbox",
        ]  # fmt: skip
        command = [sys.executable, "-I", "-c", PLUG, str(orders), str(told), path, *flags]
        with subprocess.Popen(
            command, pass_fds=(orders, told), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env={**os.environ, "HOME": profile},
        ) as process:  # fmt: skip
            os.close(orders)
            os.close(told)
            browser = Browser(process, reads, writes)
            try:
                yield browser
                browser.call("Browser.close")
                process.wait(timeout=PATIENCE)
            finally:
                process.kill()
                os.close(reads)
                os.close(writes)
