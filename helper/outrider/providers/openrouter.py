"""OpenRouter: one `reasoning` object for every model, hosts chosen by what they can do, moderation told in metadata.

https://openrouter.ai/docs/api/reference/errors-and-debugging and
https://openrouter.ai/docs/use-cases/reasoning-tokens (seen 2026-11-20).
"""

from outrider.data import FailureKind, Json, Request
from outrider.providers import Body, Quirks, Row, read_message


def shape_body(body: Body, request: Request, _row: Row) -> Body:
    """Says effort and thinking as `reasoning`, and asks for a host that keeps to the schema."""
    shaped = dict(body)
    effort, switch = shaped.pop("reasoning_effort", None), shaped.get("thinking")
    reasoning: Body = {} if effort is None else {"effort": effort}
    if switch in ("on", "off"):
        del shaped["thinking"]
        reasoning = {"enabled": False} if switch == "off" else {"enabled": True, **reasoning}
    if reasoning and "reasoning" not in shaped:
        shaped["reasoning"] = reasoning
    if request.schema is not None and "response_format" in shaped:
        # Without it a host that ignores response_format may be picked.
        wanted = shaped.get("provider")
        shaped["provider"] = {"require_parameters": True, **(wanted if isinstance(wanted, dict) else {})}
    return shaped


def read_failure(status: int | None, payload: Json) -> FailureKind | None:
    """Knows a flagged prompt behind a 403, too much in flight behind a 402, an unknown id behind a 400."""
    error = payload.get("error") if isinstance(payload, dict) else None
    metadata = error.get("metadata") if isinstance(error, dict) else None
    facts = metadata if isinstance(metadata, dict) else {}
    if status == 403 and (facts.get("reasons") or facts.get("flagged_input")):
        return "content_filter"
    if status == 402 and facts.get("limit_source") == "openrouter_in_flight_budget":
        return "rate_limit"
    if status == 400 and "not a valid model id" in read_message(payload):
        return "not_found"
    return None


QUIRKS = Quirks(replays="reasoning_details", shape_body=shape_body, read_failure=read_failure)
