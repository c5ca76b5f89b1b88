"""vLLM: thinking is switched in the chat template.

https://docs.vllm.ai/en/latest/features/reasoning_outputs.html (recalled, 2026-11-20).
"""

from outrider.data import Request
from outrider.providers import Body, Quirks, Row


def shape_body(body: Body, _request: Request, _row: Row) -> Body:
    """Says thinking as `chat_template_kwargs.enable_thinking`."""
    switch = body.get("thinking")
    if switch not in ("on", "off"):
        return body
    shaped = {name: value for name, value in body.items() if name != "thinking"}
    given = shaped.get("chat_template_kwargs")
    shaped["chat_template_kwargs"] = {"enable_thinking": switch == "on", **(given if isinstance(given, dict) else {})}
    return shaped


QUIRKS = Quirks(shape_body=shape_body)
