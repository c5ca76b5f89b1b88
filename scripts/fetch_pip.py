"""Fetches one exact pip wheel, for a Python that was packaged without ensurepip; the standard library is enough.

`python fetch_pip.py FOLDER` puts the wheel into FOLDER and prints its path. The package index is the one that pip
itself is configured with; whatever it serves, only the bytes pinned here are accepted.
"""

import configparser
import hashlib
import os
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

WHEEL = "pip-26.3-py3-none-any.whl"
SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"
INDEX = "https://pypi.org/simple"
SECONDS = 60


def find_index() -> str:
    """Names the package index, from pip's environment variable or its configuration files, the later ones winning."""
    home = Path(os.path.expanduser("~"))
    config_home = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    files = ["/etc/xdg/pip/pip.conf", "/etc/pip.conf", home / ".pip/pip.conf", config_home / "pip/pip.conf"]
    if sys.platform == "darwin":
        files += ["/Library/Application Support/pip/pip.conf", home / "Library/Application Support/pip/pip.conf"]
    parser = configparser.RawConfigParser(strict=False)
    parser.read([str(file) for file in [*files, os.environ.get("PIP_CONFIG_FILE", os.devnull)]], encoding="utf-8")
    configured = parser.get("global", "index-url", fallback=INDEX)
    return os.environ.get("PIP_INDEX_URL") or configured


def find_wheel(index: str) -> str:
    """Reads the index's page on pip and returns the address of the pinned wheel."""
    page = index.rstrip("/") + "/pip/"
    with urllib.request.urlopen(page, timeout=SECONDS) as reply:
        text = reply.read().decode("utf-8")
        page = reply.geturl()
    for link in re.finditer(r"""href=["']([^"']+)["']""", text):
        address: str = urllib.parse.urljoin(page, link.group(1))
        if urllib.parse.urlsplit(address).path.endswith("/" + WHEEL):
            return address
    raise LookupError(f"{page} does not list {WHEEL}")


def fetch(folder: Path) -> Path:
    """Returns the pinned wheel's path in the folder, downloading it when it is not there yet."""
    wheel = folder / WHEEL
    if wheel.exists() and hashlib.sha256(wheel.read_bytes()).hexdigest() == SHA256:
        return wheel
    with urllib.request.urlopen(find_wheel(find_index()), timeout=SECONDS) as reply:
        content = reply.read()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise LookupError(f"{WHEEL} from the index is not the one we know: its sha256 differs")
    folder.mkdir(parents=True, exist_ok=True)
    wheel.write_bytes(content)
    return wheel


if __name__ == "__main__":
    try:
        print(fetch(Path(sys.argv[1])))
    except (OSError, LookupError, urllib.error.URLError) as error:
        print(f"error: cannot fetch pip: {error}\nhint: install your system's python3-venv package", file=sys.stderr)
        sys.exit(1)
