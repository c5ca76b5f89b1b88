"""Writes shell variables for any program that speaks to an OpenAI-compatible server: address, key, model.

The key is the name of another variable, which the shell fills in. One model is chosen; the others stand behind `#`.
"""

import re

from outrider.interop.exporting import Chosen, Entry, by_provider, unsaid, with_head
from outrider.interop.nouns import Exported
from outrider.rows import Registry


def exported(registry: Registry, choice: Chosen) -> Exported:  # noqa: ARG001 (every export is called so)
    """Returns lines that a shell or an env file takes."""
    able = [entry for entry in choice.entries if entry.provider.dialect in {"openai", "ollama"}]
    others = tuple(entry for entry in choice.entries if entry not in able)
    notes = [*unsaid(choice, chains=False), *by_provider(others, "{name} speaks the {dialect} dialect")]
    chain = choice.first
    able.sort(key=lambda entry: chain.index(entry.name) if entry.name in chain else len(chain))
    lines = []
    for index, entry in enumerate(able):
        before = "" if index == 0 else "# "
        lines.append(f"\n# {entry.name}\n" + "".join(f"{before}{line}\n" for line in _lines(entry)))
    return with_head("".join(lines), place="a file that your shell reads", notes=notes)


def _lines(entry: Entry) -> list[str]:
    address = entry.provider.base_url.rstrip("/")
    address = f"{address}/v1" if entry.provider.dialect == "ollama" else address
    key = f'"${{{entry.variable}}}"' if entry.variable else "not-needed"
    return [f"OPENAI_BASE_URL={quoted(address)}", f"OPENAI_API_KEY={key}", f"OPENAI_MODEL={quoted(entry.model.id)}"]


def quoted(value: str) -> str:
    """Returns a value that no shell reads as anything but text."""
    return value if re.fullmatch(r"[A-Za-z0-9_./:@%+=,-]+", value) else "'" + value.replace("'", "'\\''") + "'"
