"""`outrider providers`: the endpoints, which of them have a key, and adding one."""

import json
from typing import TYPE_CHECKING, Any

import click

from outrider.cli.families import Family, plain_options
from outrider.cli.session import Session
from outrider.cli.show import dump, note, out, table
from outrider.errors import OutriderError
from outrider.rows import Provider, Registry
from outrider.rules import privacy
from outrider.rules.provenance import layers_of, path_of
from outrider.rules.targets import Situation

if TYPE_CHECKING:
    from outrider.discovery import Found

EXAMPLES = """\b
Examples:
  outrider providers
  outrider providers add gpu http://gpu.lan:8000 --local
  outrider providers add acme https://llm.acme.example/v1 --key ACME_API_KEY"""


@click.group(cls=Family, epilog=EXAMPLES)
def providers() -> None:
    """List providers, or add one; the plain name lists them."""


@providers.command("list", epilog=EXAMPLES)
@plain_options
def list_providers(*, as_json: bool, quiet: bool) -> None:
    """List every provider: whether its key is there (never the key), where it is, how many models it has."""
    from outrider.cli.sight import look

    session = Session()
    situation, trouble = look(session)
    if not quiet:
        for text in (*session.registry.notes, *trouble):
            note(text)
    shapes = [_shape(session, situation, provider) for provider in session.registry.providers.values()]
    if as_json:
        dump({"providers": shapes})
        return
    table(
        [
            (
                shape["name"], _key_words(shape["key"], shape["dialect"]), "yes" if shape["local"] else "",
                str(shape["models"]), _server_words(shape), shape["dialect"], shape["origin"] or "-", shape["layer"],
            )
            for shape in shapes
        ],
        heads=("provider", "key", "local", "models", "server", "dialect", "origin", "layer"),
    )  # fmt: skip


def _shape(session: Session, situation: Situation, provider: Provider) -> dict[str, Any]:
    source = session.keys.source(provider)
    variable, _, where = (source or "").partition(" (")
    served = situation.served.get(provider.name)
    return {
        "name": provider.name, "dialect": provider.dialect, "base_url": provider.base_url or None,
        "origin": privacy.origin(provider.base_url) if provider.base_url else None, "local": provider.local,
        "key": {
            "variables": list(provider.keys), "needed": provider.needs_key, "present": source is not None,
            "variable": variable or None, "where": where.removesuffix(")") or None,
        },
        "usable": provider.name in situation.keys or provider.dialect == "native",
        "models": models_at(session.registry, provider.name), "alive": served.alive if served else None,
        "served": list(served.ids) if served else None,
        "layer": layers_of(session.registry, path_of("providers", provider.name), provider.row),
        "description": provider.row.get("description"), "keys_url": provider.row.get("keys_url"),
    }  # fmt: skip


def models_at(registry: Registry, provider: str) -> int:
    """Counts the models that can be reached at a provider, as their own or as a gateway."""
    return sum(model.provider == provider or provider in model.also for model in registry.models.values())


def _key_words(key: dict[str, Any], dialect: str) -> str:
    if dialect == "native":
        return "Claude Code's own login"
    if key["present"]:
        return f"{key['variable']} ({'environment' if key['where'] == 'environment' else 'key file'})"
    if not key["variables"]:
        return "needs none"
    return f"missing: {' or '.join(key['variables'])}" if key["needed"] else "needs none (none set)"


def _server_words(shape: dict[str, Any]) -> str:
    if shape["alive"] is None:
        return ""
    return f"up, {len(shape['served'])} models" if shape["alive"] else "down"


@providers.command("add", epilog=EXAMPLES)
@click.argument("name")
@click.argument("url")
@click.option("--local", is_flag=True, help="A machine of yours: private prompts may go there, plain http is allowed.")
@click.option("--key", metavar="VAR", help="The variable that holds its key; never the key itself.")
@click.option(
    "--dialect", type=click.Choice(["openai", "ollama", "anthropic"]), help="How it speaks (default: openai)."
)
@plain_options
def add(name: str, url: str, *, local: bool, key: str | None, dialect: str | None, as_json: bool, quiet: bool) -> None:
    """Add a provider to your own settings, and list what it has.

    Writes ~/.claude/config/models.local.json and keeps what is in it. Its models are asked as `-m NAME/ID`; those of
    a --local one also serve `--private` and the preset `local`.
    """
    from outrider.cli.live import ask_all, found_shape
    from outrider.cli.person import only_a_person
    from outrider.doors import user_layer
    from outrider.doors.resolve import addresses
    from outrider.rules import adding

    session = Session()
    only_a_person(session, "providers add")
    known = session.registry.providers.get(adding.checked_name(name))
    if known is not None and known.dialect in {"native", "echo"}:
        raise OutriderError(f"`{name}` is built in and has no address", hint="choose another name")
    speech = dialect or (known.dialect if known else "openai")
    address, notes = adding.checked_url(url, dialect=speech, local=local, addresses=addresses)
    adding.checked_key(key)
    model = _free_name(session.registry, name)
    is_row_wanted = local and not any(
        other.provider == name and other.id == "*" for other in session.registry.models.values()
    )

    def edit(values: dict[str, Any]) -> None:
        own = values.setdefault("providers", {})
        own[name] = adding.provider_row(
            dialect=speech, url=address, key=key, local=local, was_local=known is not None and known.local,
            before=own.get(name, {}),
        )  # fmt: skip
        if is_row_wanted:
            values.setdefault("models", {})[model] = adding.served_row(name)

    try:
        path, registry = user_layer.change(session.places, edit)
    except user_layer.InYaml as refusal:
        rows: dict[str, Any] = {}
        edit(rows)
        raise OutriderError(refusal.message, hint=f"add to it: {json.dumps(rows)}") from None
    session = Session()
    provider = registry.providers[name]
    if known is not None and not quiet:
        note(f"`{name}` was there already: {_moved(known, provider)}")
    for other in () if quiet else _sharing(session.registry, provider, key):
        note(f"{key} is the key of {other} too, and is now sent to {privacy.origin(provider.base_url)} as well")
    ready = session.keys.value(provider) is not None or not provider.needs_key
    found = ask_all(session, (provider,)) if ready else ()
    if as_json:
        live = found_shape(registry, found[0]) if found else None
        dump({"provider": name, "path": path, "row": dict(provider.row), "notes": list(notes), "live": live})
        return
    for text in () if quiet else notes:
        note(text)
    out(f"{name}: {provider.base_url} written to {path}")
    if not ready:
        out(f"no key yet: `outrider keys set {provider.keys[0]}`, then `outrider models --live`")
    for entry in found:
        _print_live(entry)


def _free_name(registry: Registry, name: str) -> str:
    """Returns a name for whatever a server has that means nothing else yet."""
    known = {*registry.models, *registry.aliases, *registry.tasks, *registry.presets}
    return next(free for free in (f"local.{name}", f"{name}.any", f"{name}.whatever-it-serves") if free not in known)


def _sharing(registry: Registry, added: Provider, key: str | None) -> tuple[str, ...]:
    """Returns the providers elsewhere that read the same key."""
    address = privacy.origin(added.base_url)
    return tuple(
        other.name
        for other in registry.providers.values()
        if key in other.keys and other.name != added.name and privacy.origin(other.base_url) != address
    )


def _moved(before: Provider, after: Provider) -> str:
    if before.base_url == after.base_url:
        return "its row was changed"
    keys = f", and {' or '.join(after.keys)} is sent there" if after.keys else ""
    return f"calls now go to {after.base_url} instead of {before.base_url or 'nowhere'}{keys}"


def _print_live(found: "Found") -> None:
    if found.failure is not None:
        out(f"it does not answer yet ({found.failure.kind}: {found.failure.message}); later: `outrider models --live`")
        return
    out(f"it has {len(found.served.ids)} models" + (":" if found.served.ids else ""))
    for wire_id in found.served.ids[:40]:
        out(f"  {found.provider}/{wire_id}")
    if len(found.served.ids) > 40:
        out(f"  and {len(found.served.ids) - 40} more: `outrider models --live`")
