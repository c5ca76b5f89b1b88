"""The row of a provider that a user adds: what it says, and why it may not be added."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from outrider.errors import OutriderError
from outrider.rules import privacy

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
Addresses = Callable[[str], tuple[str, ...]]


def checked_name(name: str) -> str:
    """Returns a provider's name, or raises where it is none."""
    if not NAME.fullmatch(name):
        raise OutriderError(
            "a provider's name has letters, digits, `_`, `.` and `-`",
            hint="for example `outrider providers add gpu URL`",
        )
    return name


def checked_key(variable: str | None) -> str | None:
    """Returns the name of a key variable, or raises without repeating it: it may be the key itself."""
    if variable is not None and not VARIABLE.fullmatch(variable):
        raise OutriderError(
            "`--key` takes the name of a variable, never the key", hint="for example `--key GPU_API_KEY`"
        )
    return variable


def checked_url(url: str, *, dialect: str, local: bool, addresses: Addresses) -> tuple[str, tuple[str, ...]]:
    """Returns a provider's base address, and what was done to it.

    Plain http is for the user's own machines: the host has to be, or to resolve to nothing but, loopback, private or
    100.64/10 addresses. `addresses` looks a name up.
    """
    url = url.rstrip("/")
    host = privacy.plain_host(url)
    if host is None or "?" in url:
        raise OutriderError(
            "this is no plain http(s) address (without user, query, fragment or backslash)",
            hint="write it as https://HOST/v1, or http://HOST:PORT/v1 with --local",
        )
    if local:
        _check_local(host, addresses)
    elif url.startswith("http:") and not privacy.is_loopback_host(host):
        raise OutriderError(
            f"plain http to {host} would send prompts and keys unprotected",
            hint="use https, or add --local if the machine is yours",
        )
    if dialect == "openai" and url.count("/") == 2:
        return f"{url}/v1", (f"added /v1 to {url}: that is where OpenAI-compatible servers answer",)
    return url, ()


def _check_local(host: str, addresses: Addresses) -> None:
    if privacy.is_loopback_host(host) or privacy.is_local_address(host):
        return
    found = (host,) if privacy.is_address(host) else addresses(host)
    if not found:
        raise OutriderError(
            f"{host} cannot be looked up, so nothing says that it is yours",
            hint="connect to its network, or give its address instead of its name",
        )
    foreign = [address for address in found if not privacy.is_local_address(address)]
    if foreign:
        raise OutriderError(
            f"{host} is {'' if foreign[0] == host else f'{foreign[0]}, '}no address of your own machines",
            hint="leave --local out, and use https",
        )


def provider_row(
    *, dialect: str, url: str, key: str | None, local: bool, was_local: bool, before: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns the row to write, over the user's own one. What it serves is asked of it, since no rows say.

    `was_local` says that the layers below call it local, which must not outlive its address.
    """
    row: dict[str, Any] = {**before, "dialect": dialect, "base_url": url}
    if key is not None:
        row["key"] = key
    if local or was_local:
        row["local"] = local
    row.setdefault("serves", "listed")
    return row


def served_row(provider: str) -> dict[str, Any]:
    """Returns the row by which chains and `--private` reach whatever a local server has."""
    return {
        "provider": provider, "id": "*", "family": "local", "price": {"input": 0, "output": 0},
        "limits": {"first_byte": 300, "total": 900}, "description": f"Whatever {provider} serves.",
    }  # fmt: skip
