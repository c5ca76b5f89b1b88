"""Names exactly what would be installed: the version, and a digest of every file that goes into the environment.

`python fingerprint.py [EXTRA…]`. The same bytes give the same name everywhere, so that a second install is idle.
"""

import hashlib
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("pyproject.toml", "requirements*.lock", "helper/**/*.py", "templates/**/*", ".claude/config/*")
PERSONAL = ("models.local.json", "models.local.yaml")


def fingerprint(extras: list[str]) -> str:
    """Returns the version and twelve hex digits."""
    digest = hashlib.sha256(repr((sys.version_info[:2], sorted(extras))).encode("utf-8"))
    files = {path for pattern in SOURCES for path in ROOT.glob(pattern) if path.is_file()}
    for path in sorted(files):
        if path.name not in PERSONAL:
            content = path.read_bytes()
            digest.update(f"{path.relative_to(ROOT).as_posix()} {len(content)}\n".encode())
            digest.update(content)
    text = (ROOT / "helper/outrider/__init__.py").read_text(encoding="utf-8")
    version = re.search(r'^__version__ = "([0-9a-z.]+)"$', text, re.MULTILINE)
    return f"{version.group(1) if version else 'unknown'}-{digest.hexdigest()[:12]}"


if __name__ == "__main__":
    print(fingerprint(sys.argv[1:]))
