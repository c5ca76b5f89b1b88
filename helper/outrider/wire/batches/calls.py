"""What the calls of every shape share: an address below the provider's own, its key, a form with a file in it."""

import json
from collections.abc import Mapping

from outrider.data import HttpCall, Json
from outrider.records import replace
from outrider.wire.batches import Sheet
from outrider.wire.call import about, join

QUICK = 60.0
"""How long anything but an upload and a results file may take, in seconds."""


def call(
    sheet: Sheet, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None,
    long: bool = False,
) -> HttpCall:  # fmt: skip
    """Returns a call below the provider's address, with its key; `long` ones may take the sheet's whole time."""
    provider = sheet.provider
    timing = sheet.timing
    if not long:
        timing = replace(timing, first_byte=min(timing.first_byte, QUICK), total=min(timing.total, QUICK))
    own = {"accept": "application/json", **(headers or {})}
    return HttpCall(
        method=method, url=path if "://" in path else join(provider.base_url, path),
        headers=tuple({**own, **about(provider, sheet.key)}.items()), body=body, timing=timing,
        local_only=sheet.target.local,
    )  # fmt: skip


def posted(sheet: Sheet, path: str, body: Mapping[str, Json], *, headers: Mapping[str, str] | None = None) -> HttpCall:
    """Returns a call that hands over an object."""
    own = {"content-type": "application/json", **(headers or {})}
    return call(sheet, "POST", path, body=json.dumps(body, separators=(",", ":")).encode("ascii"), headers=own)


def form(sheet: Sheet, path: str) -> HttpCall:
    """Returns a call that uploads the lines as a file for a batch."""
    data = jsonl(sheet)
    # Lines are ASCII without a bare line end, and a name of ours is in no document: the mark cannot occur in them.
    mark = f"outrider-{sheet.name}"
    head = (
        f'--{mark}\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
        f'--{mark}\r\ncontent-disposition: form-data; name="file"; filename="{sheet.name}.jsonl"\r\n'
        "content-type: application/jsonl\r\n\r\n"
    ).encode("ascii")
    return call(
        sheet, "POST", path, body=head + data + f"\r\n--{mark}--\r\n".encode("ascii"), long=True,
        headers={"content-type": f"multipart/form-data; boundary={mark}"},
    )  # fmt: skip


def jsonl(sheet: Sheet) -> bytes:
    """Returns the requests as the bytes of a file."""
    return b"\n".join(sheet.lines) + b"\n"
