"""Takes the picture of the report that the README shows, from a history that is always the same.

    .venv-test/bin/python scripts/report_picture.py

It needs a Chromium: the one that OUTRIDER_BROWSER names, or the first that is found.
"""

import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "helper")]

from tests.page import browser, picture  # noqa: E402 (found by the path above)
from tests.page.conftest import make  # noqa: E402

TARGET = ROOT / "docs" / "report.png"


def main() -> None:
    """Writes the picture."""
    program = browser.program()
    if program is None:
        sys.exit("error: no browser was found\nhint: install chromium, or name one with OUTRIDER_BROWSER")
    for name in [name for name in os.environ if name.startswith(("CLAUDE", "OUTRIDER_HOME"))]:
        del os.environ[name]
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "month.html"
        page.write_bytes(make("month", Path(folder)))
        with browser.running(program) as running:
            png = picture.take(running, page)
    TARGET.write_bytes(png)
    print(f"wrote {TARGET.relative_to(ROOT)}: {len(png):,} bytes, {' x '.join(map(str, picture.size(png)))}")


if __name__ == "__main__":
    main()
