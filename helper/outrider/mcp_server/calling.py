"""From the arguments of a tool to what is asked: each tool's own way, and nothing in it chooses an address or a key."""

import os
from collections.abc import Mapping
from typing import Any

from outrider.cli.asking import Wish
from outrider.mcp_server.asking import Tell, ask, money
from outrider.mcp_server.desk import Desk
from outrider.mcp_server.results import Said
from outrider.mcp_server.roots import within
from outrider.rules import served


async def call(
    desk: Desk, face: served.Face, arguments: Mapping[str, Any], *, roots: tuple[str, ...], tell: Tell, heard: Tell
) -> Said:
    """Calls a tool whose arguments fit its schema."""
    match face.kind:
        case "ask":
            wish = _wish(arguments, roots)
            return await ask(desk, wish, tell=tell, heard=heard, thread=arguments.get("thread"))
        case "model":
            wish = Wish(argument=served.filled(face, arguments), model=face.of, reads_stdin=False)
            return await ask(desk, wish, tell=tell, heard=heard)
        case "consensus":
            from outrider.mcp_server.polling import poll

            return await poll(
                desk, _wish({**arguments, "model": None}, roots), models=tuple(arguments.get("models", ())),
                panel=arguments.get("panel"), choices=tuple(arguments.get("choices", ())),
                threshold=money(arguments.get("threshold")), tell=tell,
            )  # fmt: skip
        case "models":
            from outrider.mcp_server import showing

            return showing.models(desk, name=arguments.get("name"), local=arguments.get("local", False))
        case "why":
            from outrider.mcp_server import showing

            return showing.why(desk, run=arguments.get("run"))
        case "provider":
            from outrider.mcp_server import showing

            return await showing.served(desk, face.of)


def _wish(arguments: Mapping[str, Any], roots: tuple[str, ...]) -> Wish:
    files, images = tuple(arguments.get("files", ())), tuple(arguments.get("images", ()))
    return Wish(
        argument=arguments.get("prompt"), model=arguments.get("model"), files=within(files, roots),
        images=within(images, roots), system=arguments.get("system"), private=arguments.get("private", False),
        max_output=arguments.get("max_output"), max_cost=money(arguments.get("max_cost")),
        # As they were named, too: a rule may mean a link and not what it leads to.
        reads=tuple(os.path.join(roots[0], path) for path in (*files, *images)), reads_stdin=False,
    )  # fmt: skip
