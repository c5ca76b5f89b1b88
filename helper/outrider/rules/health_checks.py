"""What the environment and the registry's dates say about trouble ahead. The variables and the day are handed in."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Literal

from outrider.records import record
from outrider.rows import Model, Registry
from outrider.rules.facts.staleness import SOON, Stale
from outrider.rules.routing import model_called
from outrider.rules.secrets import FOREIGN, foreign_hint, variables, why_foreign

Mark = Literal["ok", "warn", "fail"]
PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
_ADDRESS = re.compile(r"([A-Z0-9_]+)_(?:BASE_URL|API_BASE|HOST)")


@record
class Check:
    """One thing looked at: how it is, and what mends it where it is not well."""

    name: str
    mark: Mark
    message: str
    fix: str = ""


def environment(variables_set: Mapping[str, str], registry: Registry) -> Iterator[Check]:
    """Yields what the environment asks for and does not get, and what it breaks."""
    known = variables(registry.providers)
    owners = {re.sub("[^A-Z0-9]", "_", name.upper()) for name in registry.providers}
    owners |= {name.removesuffix("_API_KEY") for name in (*known, *FOREIGN)}
    for name in sorted(variables_set):
        address = _ADDRESS.fullmatch(name)
        if address is not None and address[1] in owners and variables_set[name]:
            yield Check(
                name="environment", mark="warn", message=f"{name} is set, and never used: a project could set it",
                fix="an address belongs into your settings: `outrider providers add NAME URL`",
            )  # fmt: skip
    for name in FOREIGN:
        own = [variable for variable in known if variable.endswith(f"_{name}")]
        if variables_set.get(name) and not any(variables_set.get(variable) for variable in own):
            message = f"{name} is set, and not used: {why_foreign()}"
            yield Check(name="environment", mark="warn", message=message, fix=foreign_hint(known))
    network = registry.values.get("network", {})
    for names, key in ((PROXIES, "proxy"), (CERTIFICATES, "ca_file")):
        found = [name for name in names if variables_set.get(name) or variables_set.get(name.lower())]
        if found and not network.get(key):
            yield Check(
                name="environment", mark="warn", message=f"{found[0]} is set, and not used: a project could set it",
                fix=f'if it is meant, put {{"network": {{"{key}": "…"}}}} into your models.local.json',
            )  # fmt: skip


def endings(registry: Registry, used: frozenset[str], *, today: date) -> Iterator[Check]:
    """Yields the models of any chain, and those used of late, that have ended or will within two months."""
    named = {name for task in registry.tasks.values() for name in task.chain}
    named |= {name for preset in registry.presets.values() for name in preset.chain}
    models = {model.name: model for name in named | used if (model := model_called(registry, name)) is not None}
    for name in sorted(models):
        ended = _ending(models[name], today=today)
        if ended is not None:
            instead = models[name].row.get("replacement")
            fix = f"use {instead} instead" if instead else "run `outrider models` for another"
            where = "is in a chain, and" if name in named else "was used of late, and"
            yield Check(name="models", mark="warn", message=f"{name} {where} {ended}", fix=fix)


def facts(
    found: Stale, snapshots: Iterable[Mapping[str, Any]], registry: Registry, used: frozenset[str]
) -> Iterator[Check]:
    """Yields what is out of date of the catalog, as far as it concerns the user's own chains and what they used."""
    for one in found.gone:
        message = f"{one.model} is in {', '.join(one.chains)}, and in no fetched list of {one.provider}"
        yield Check(name="models", mark="warn", message=message, fix="run `outrider models --live`, or name another")
    keys = {(model.provider, model.id) for name in used if (model := model_called(registry, name)) is not None}
    old = [price.days for price in found.prices if (price.provider, price.id) in keys]
    if old:
        message = f"the prices of {len(old)} models that you use are {min(old)} days old or older"
        yield Check(name="prices", mark="warn", message=message, fix="run `outrider catalog sync all`")
    for snapshot in snapshots:
        if snapshot.get("damaged"):
            message = f"the snapshot of {snapshot['source']} is damaged, and does not count"
            fix = f"run `outrider catalog sync {snapshot['source']}`"
            yield Check(name="catalog", mark="warn", message=message, fix=fix)
    for differing in found.differing:
        if differing.model in used:
            message = (
                f"{differing.model} counts with {differing.counted} for a million tokens in and out, and "
                f"{differing.source} of {differing.as_of} says {differing.said}"
            )
            yield Check(name="prices", mark="warn", message=message, fix="see `outrider catalog stale`")


def _ending(model: Model, *, today: date) -> str | None:
    if model.row.get("status") == "retired":
        return "is retired"
    try:
        day = date.fromisoformat(str(model.row.get("shutdown")))
    except ValueError:
        return None
    left = (day - today).days
    if left > SOON:
        return None
    return f"was shut down on {day}" if left < 0 else f"shuts down on {day}, in {left} days"
