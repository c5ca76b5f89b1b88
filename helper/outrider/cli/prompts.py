"""Gathers what is asked: the argument, stdin, files and pictures, each checked before anything else happens."""

import os
import sys
from base64 import b64decode, b64encode
from typing import Any

from outrider.data import Image, Message
from outrider.doors.files import read_small
from outrider.errors import OutriderError
from outrider.records import record
from outrider.rows import Registry
from outrider.rules import complexity, money
from outrider.rules.disclosure import Kind
from outrider.rules.selection import Facts, keywords_in

LONGEST_PROMPT = 16_777_216
LARGEST_IMAGE = 20_971_520
PICTURES = {
    b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif", b"RIFF": "image/webp",
}  # fmt: skip


@record
class Prompt:
    """What is asked: the instruction, and everything attached to it, apart and together.

    `papers` is what the audit keeps account of: the kind, the path and the bytes of everything that was handed in.
    """

    instruction: str
    text: str
    images: tuple[Image, ...] = ()
    attachments: tuple[tuple[str, bytes], ...] = ()
    papers: tuple[tuple[Kind, str, bytes], ...] = ()


def gather(
    argument: str | None, files: tuple[str, ...], images: tuple[str, ...], *, reads_stdin: bool = True
) -> Prompt:
    """Reads everything that was handed in. The argument is the instruction; without one, stdin is."""
    piped = _stdin() if reads_stdin else None
    attached = [(path, _text_file(path)) for path in files]
    papers: list[tuple[Kind, str, bytes]] = [("file", path, text.encode()) for path, text in attached]
    if piped is not None:
        papers.append(("stdin", "stdin", piped.encode()))
    instruction = argument if argument is not None and argument.strip() else None
    if instruction is None and piped is not None:
        instruction, piped = piped, None
    if instruction is None and attached and argument is None:
        instruction = ""
    if instruction is None or not (instruction.strip() or attached):
        raise OutriderError("the prompt is empty", hint='say what to ask: `outrider ask "…"`, or pipe it in')
    if piped is not None:
        attached.insert(0, ("stdin", piped))
    whole = "\n\n".join([instruction.strip("\n"), *(_framed(name, text) for name, text in attached)]).strip("\n")
    if len(whole) > LONGEST_PROMPT:
        raise _too_long(len(whole))
    pictures = tuple(_picture(path) for path in images)
    papers += [("image", path, b64decode(image.base64)) for path, image in zip(images, pictures, strict=True)]
    return Prompt(
        instruction=instruction, text=whole, images=pictures,
        attachments=tuple((name, text.encode("utf-8", "replace")) for name, text in attached), papers=tuple(papers),
    )  # fmt: skip


def facts(
    prompt: Prompt, messages: tuple[Message, ...], registry: Registry, *, schema: Any, max_output: int | None
) -> Facts:
    """Returns what a decision needs to know of a prompt; the prompt itself goes no further."""
    needs = {name for name, is_needed in (("vision", prompt.images), ("json", schema is not None)) if is_needed}
    return Facts(
        tokens=money.likely_tokens(messages, schema=schema), most_tokens=money.most_tokens(messages, schema=schema),
        max_output=max_output,
        score=round(complexity.score(prompt.instruction), 6), needs=frozenset(needs),
        keywords=keywords_in(prompt.instruction, tuple(registry.values.get("rules", ()))),
    )  # fmt: skip


def _stdin() -> str | None:
    stream = sys.stdin
    if stream is None or stream.isatty():
        return None
    data = stream.buffer.read(LONGEST_PROMPT + 1) if hasattr(stream, "buffer") else stream.read().encode()
    if len(data) > LONGEST_PROMPT:
        raise _too_long(len(data))
    text = _decoded(data, "stdin")
    return text if text.strip() else None


def _text_file(path: str) -> str:
    if os.path.isdir(path):
        raise OutriderError(f"{path} is a folder", hint=f"name its files: `-f {path}/FILE`")
    data = read_small(path, limit=LONGEST_PROMPT)
    if data is None:
        raise OutriderError(f"there is no file {path}", hint="check the path; it counts from the working folder")
    return _decoded(data, path)


def _decoded(data: bytes, name: str) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise OutriderError(
            f"{name} is not UTF-8 text (byte {fault.start:,})",
            hint="convert it with `iconv -t UTF-8`, or attach a picture with `--image`",
        ) from None
    if "\0" in text:
        raise OutriderError(f"{name} is a binary file", hint="attach text with `-f`, a picture with `--image`")
    return text


def _picture(path: str) -> Image:
    data = None if os.path.isdir(path) else read_small(path, limit=LARGEST_IMAGE)
    if data is None:
        raise OutriderError(f"there is no picture {path}", hint="check the path; it counts from the working folder")
    kind = next((kind for mark, kind in PICTURES.items() if data.startswith(mark)), None)
    if kind is None or (kind == "image/webp" and data[8:12] != b"WEBP"):
        raise OutriderError(f"{path} is not a PNG, JPEG, GIF or WebP picture", hint="attach text with `-f`")
    return Image(media_type=kind, base64=b64encode(data).decode("ascii"))


def _framed(name: str, text: str) -> str:
    shown = os.path.basename(name)
    return f"--- {shown} ---\n{text.rstrip()}\n--- end of {shown} ---"


def _too_long(size: int) -> OutriderError:
    return OutriderError(
        f"the prompt has more than {LONGEST_PROMPT:,} bytes ({size:,})",
        hint="no model's window holds that: send a part of it, or its summary",
    )
