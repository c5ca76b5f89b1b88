"""The example commands that our agents and skills show: every block that is fenced as `bash`.

A block that would ask the user, or that is for a person at a terminal, is fenced otherwise.
"""

import re
from collections.abc import Iterator
from pathlib import Path

FENCE = re.compile(r"^( *)```bash\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def examples(folder: Path) -> Iterator[tuple[str, str]]:
    """Walks the example commands below a folder, each with the page that shows it."""
    for page in sorted(folder.rglob("*.md")):
        for indent, block in FENCE.findall(page.read_text(encoding="utf-8")):
            lines = [line.removeprefix(indent) for line in block.splitlines()]
            yield f"{page.relative_to(folder)}", "\n".join(lines)
