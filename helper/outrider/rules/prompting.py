"""Which system text a model gets: the request's own, or else the prompt that the model's row names."""

from collections.abc import Mapping
from dataclasses import replace

from outrider.data import Message, Request
from outrider.rows import Model


def for_model(request: Request, model: Model, prompts: Mapping[str, str]) -> Request:
    """Adds the model's own system prompt to a request that has none."""
    name = model.row.get("prompt")
    if not name or name not in prompts or any(message.role == "system" for message in request.messages):
        return request
    return replace(request, messages=(Message(role="system", text=prompts[name]), *request.messages))
