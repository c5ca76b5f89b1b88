"""The line that a document becomes in the output: JSON, and inert on a terminal."""

import json
import re
from decimal import Decimal

from outrider.data import Json
from outrider.rules.containment import INVISIBLE

_ODD = re.compile(INVISIBLE)


def line(
    *,
    key: str | int | None,
    ok: bool,
    answer: Json,
    model: str | None,
    kind: str | None,
    cost: Decimal,
    stage: str | None = None,
) -> str:
    """Returns one line without its end. What a terminal would obey is written as an escape, so that nothing is lost."""
    shape: dict[str, Json] = {} if stage is None else {"stage": stage}
    shape |= {"id": key, "ok": ok, "answer": answer, "model": model, "kind": kind, "cost_usd": float(cost)}
    text = json.dumps(shape, ensure_ascii=False)
    return text if text.isascii() and text.isprintable() else _ODD.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    return json.dumps(match[0])[1:-1]
