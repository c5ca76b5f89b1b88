"""Whether an address is local, decided in one place from the resolved endpoint.

`--private` and every path that sends go through `is_local`. The transport checks the connected peer once more with
`is_local_address`, since a name may have been pointed elsewhere meanwhile.
"""

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address
from typing import Any
from urllib.parse import urlsplit

CARRIER_NAT = IPv4Network("100.64.0.0/10")
"""Where Tailscale and its like put a user's own machines (RFC 6598)."""
CLOUD_MARKS = (":cloud", "-cloud")


def is_local(base_url: str, *, declared: bool, wire_id: str) -> bool:
    """Whether a call to this address stays on the user's machines.

    `declared` is the user's word for a provider that is not on a literal loopback address. A model that a local
    server itself runs in the cloud (Ollama's `…-cloud`) is never local.
    """
    if wire_id.lower().split("@")[0].endswith(CLOUD_MARKS):
        return False
    if base_url == "":
        return declared
    host = plain_host(base_url)
    if host is None:
        return False
    if not declared:
        return False
    if host == "localhost":
        return True
    address = _address(host)
    return address is None or is_local_address(str(address))


def plain_host(url: str) -> str | None:
    """Returns the host of a plain http(s) address, or None for one with user, fragment, backslash or a bad port."""
    if "\\" in url or "#" in url or any(ord(letter) <= 32 for letter in url):
        return None
    try:
        parts = urlsplit(url)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or "@" in parts.netloc or not parts.hostname or not has_port:
        return None
    return parts.hostname


def is_loopback_host(host: str) -> bool:
    """Whether a host is the literal loopback: `localhost`, 127.0.0.0/8 or ::1."""
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def is_local_address(text: str) -> bool:
    """Whether an IP address is loopback, private or in 100.64.0.0/10."""
    address = _address(text)
    if address is None:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if isinstance(address, IPv4Address) and address in CARRIER_NAT:
        return True
    return address.is_loopback or (address.is_private and not address.is_unspecified and not address.is_reserved)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        return None


def origin(url: str) -> str:
    """Returns scheme, host and port: what a key is bound to; empty for what is no plain address."""
    if plain_host(url) is None:
        return ""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    return f"{parts.scheme}://{(parts.hostname or '').lower()}:{port}"


def address_problem(base_url: str, *, declared_local: bool) -> str | None:
    """Says what is wrong with a provider's address, or None. Plain http is for local origins only."""
    host = plain_host(base_url)
    if host is None:
        return "is not a plain http(s) address (no user, fragment or backslash)"
    if base_url.startswith("https://") or is_loopback_host(host) or declared_local:
        return None
    return "is plain http to another machine"


def strictest(layers: tuple[Mapping[str, Any], ...]) -> Mapping[str, Any]:
    """Combines privacy settings of several layers: denials add up, allowances only narrow."""
    allow: frozenset[str] | None = None
    deny: frozenset[str] = frozenset()
    for layer in layers:
        if "allow" in layer:
            named = frozenset(layer["allow"])
            allow = named if allow is None else allow & named
        deny |= frozenset(layer.get("deny", ()))
    combined: dict[str, Any] = {"private": any(layer.get("private", False) for layer in layers)}
    if allow is not None:
        combined["allow"] = sorted(allow)
    if deny:
        combined["deny"] = sorted(deny)
    return combined
