"""Installs and starts a real LiteLLM proxy on loopback, with models that answer from its own configuration."""

import hashlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.machines import ROOT

LOCK = Path(__file__).with_name("requirements.lock")
START = 120.0
"""How long the proxy may take to come up, in seconds; it imports for several."""
NOTHING: Mapping[str, str] = {}
NO_SERVERS: Mapping[str, tuple[str, str]] = {}


class CannotInstallError(Exception):
    """The proxy's packages are not to be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A running proxy: its address, the key that opens it, and its process."""

    url: str
    key: str
    pid: int


def install() -> Path:
    """Returns the proxy's program, installing it into `.cache` when these exact packages are not there yet."""
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]
    folder = ROOT / ".cache" / f"litellm-{sys.version_info[0]}.{sys.version_info[1]}-{digest}"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        script = f'source_folder="{ROOT}"; . "{ROOT}/scripts/environment.sh"; make_environment "$@"'
        command = ["bash", "-c", script, "install", sys.executable, str(folder), str(LOCK)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise CannotInstallError(done.stderr[-2000:])
        (folder / "complete").touch()
    return folder / "bin/litellm"


@contextmanager
def running(
    program: Path,
    folder: Path,
    *,
    answers: Mapping[str, str] = NOTHING,
    upstream: Mapping[str, tuple[str, str]] = NO_SERVERS,
) -> Iterator[Proxy]:
    """Runs the proxy with models of scripted answers and of servers (address, id there) until the block ends."""
    key = "sk-" + secrets.token_urlsafe(32)
    models = [
        {"model_name": name, "litellm_params": {"model": f"openai/{name}", "api_key": "none", "mock_response": answer}}
        for name, answer in answers.items()
    ]
    models += [
        {"model_name": name, "litellm_params": {"model": f"openai/{wire_id}", "api_key": "none", "api_base": url}}
        for name, (url, wire_id) in upstream.items()
    ]
    settings = {"litellm_settings": {"telemetry": False}, "router_settings": {"num_retries": 0}}
    config = folder / "config.yaml"
    config.write_text(json.dumps({"model_list": models, **settings}), encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    quiet = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "DO_NOT_TRACK": "1", "HOME": str(folder)}
    command = [program, "--config", config, "--host", "127.0.0.1", "--port", str(port), "--telemetry", "False"]
    log = folder / "proxy.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(word) for word in command],
            env={**kept, **quiet, "LITELLM_MASTER_KEY": key},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait(f"http://127.0.0.1:{port}/health/liveliness", process, log)
            yield Proxy(url=f"http://127.0.0.1:{port}/v1", key=key, pid=process.pid)
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + START
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.25)
    raise RuntimeError("the proxy did not start:\n" + log.read_text(encoding="utf-8", errors="replace")[-4000:])
