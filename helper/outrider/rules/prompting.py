"""What a request becomes for one model: the system text that its row names, and the effort that was wished for."""

from collections.abc import Mapping

from outrider.data import Message, Request
from outrider.records import replace
from outrider.rows import Model


def for_model(request: Request, model: Model, prompts: Mapping[str, str], *, effort: str | None) -> Request:
    """Adds the model's own system prompt to a request that has none, and a task's effort where the model knows it.

    The effort of a task or a preset is a wish: a model that has no such effort is asked without, and without a word.
    """
    name = model.row.get("prompt")
    if name and name in prompts and not any(message.role == "system" for message in request.messages):
        request = replace(request, messages=(Message(role="system", text=prompts[name]), *request.messages))
    if (
        effort is not None
        and "effort" not in request.params
        and effort in model.row.get("rules", {}).get("efforts", ())
    ):
        request = replace(request, params={**request.params, "effort": effort})
    return request
