"""How the result of one ask is wanted: the flags that choose no model."""

from outrider.records import record


@record
class Form:
    """How the result is wanted."""

    as_json: bool = False
    raw: bool = False
    out: str | None = None
    quiet: bool = False
    stream: bool | None = None
    thread: str | None = None
    dry_run: bool = False
    background: bool = False
    answer: str | None = None
    record: str | None = None
    replay: str | None = None
