"""Installs Ray beside outrider, and starts a cluster on the loopback that ends with the block."""

import hashlib
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.machines import ROOT

LOCK = ROOT / "requirements-ray.lock"
HEAD = """
import ray
started = ray.init(address="local", num_cpus=2, include_dashboard=False, _node_ip_address="127.0.0.1",
                   log_to_driver=False, logging_level="ERROR")
print(started.address_info["gcs_address"], flush=True)
input()
"""


RAY = {
    "RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": secrets.token_hex(32),
}  # fmt: skip
"""It sends no statistics, and listens on 127.0.0.1 alone, to who knows the token."""


class CannotInstallError(Exception):
    """Ray's packages are not to be had."""


def install() -> Path:
    """Returns a Python with Ray and this checkout, made in `.cache` when these exact packages are not there yet."""
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]
    folder = ROOT / ".cache" / f"ray-{sys.version_info[0]}.{sys.version_info[1]}-{digest}"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        script = f'source_folder="{ROOT}"; . "{ROOT}/scripts/environment.sh"; make_environment "$@"'
        command = ["bash", "-c", script, "install", sys.executable, str(folder), str(LOCK)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise CannotInstallError(done.stderr[-2000:])
        for site in folder.glob("lib/python3.*/site-packages"):
            (site / "outrider-checkout.pth").write_text(f"{ROOT / 'helper'}\n", encoding="utf-8")
        (folder / "complete").touch()
    return folder / "bin/python"


def environment(home: Path, **more: str) -> dict[str, str]:
    """Returns a small environment: a home, and a quiet Ray."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return {**kept, "HOME": str(home), **RAY, **more}


@contextmanager
def running(python: Path, home: Path, **more: str) -> Iterator[tuple[str, int]]:
    """Yields the address and the first process of a cluster whose workers have this home and environment."""
    process = subprocess.Popen(
        [python, "-I", "-c", HEAD], env=environment(home, **more), cwd=home, text=True, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        address = process.stdout.readline().strip()
        if not address:
            raise RuntimeError("the cluster did not start:\n" + process.communicate(timeout=60)[1][-4000:])
        yield address, process.pid
    finally:
        process.communicate("\n", timeout=60)


def members(head: int) -> list[int]:
    """Returns the processes of the workers that are alive: Ray names them, and they descend from the cluster's head."""
    family = descendants(head)
    return [pid for pid, line in family.items() if line.startswith("ray::Member")]


def descendants(head: int) -> dict[int, str]:
    """Returns a process and those that it started, each with its command line."""
    done = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], text=True, capture_output=True, check=True)
    lines = [line.split(None, 2) for line in done.stdout.splitlines()]
    family = {head: ""}
    for _ in range(4):
        family |= {int(pid): " ".join(said) for pid, parent, *said in lines if int(parent) in family}
    return family


def open_to_others(pids: Iterable[int]) -> list[str]:
    """Returns where these processes listen that is not the loopback, as Linux tells it."""
    sockets = set()
    for pid in pids:
        with suppress(OSError):
            sockets |= {os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()}
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text(encoding="ascii").splitlines()[1:]:
            _, local, _, state, *_, inode = line.split()[:10]
            if state == "0A" and f"socket:[{inode}]" in sockets and not local.partition(":")[0].endswith("0100007F"):
                found.append(local)
    return found
