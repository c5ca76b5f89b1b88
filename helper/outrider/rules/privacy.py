"""Whether an address is local, decided in one place from the resolved endpoint.

`--private` and every path that sends go through `is_local`. The transport checks the connected peer once more with
`is_local_address`, since a name may have been pointed elsewhere meanwhile.
"""

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # Loaded where an address is read: a registry is put together at every spawn of a subagent, mostly without one.
    from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

LOCAL_NETWORKS = (
    "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",  # loopback and RFC 1918
    "169.254.0.0/16", "fe80::/10",  # one link only
    "100.64.0.0/10",  # RFC 6598: where Tailscale and its like put a user's own machines
    "::1/128", "fc00::/7",
)  # fmt: skip
"""By number, not by `is_private`: that takes documentation and tunnels (6to4, Teredo, NAT64) for private, and what it
takes for private changed within Python 3.11.
"""
CLOUD = "cloud"
CLASSES = PUBLIC, INTERNAL, SECRET, LOCAL_ONLY = "public", "internal", "secret", "local-only"


@lru_cache(maxsize=1024)  # a server that decides for many asks the same again and again
def is_local(base_url: str, *, declared: bool, wire_id: str) -> bool:
    """Whether a call to this address stays on the user's machines.

    `declared` is the user's word for a provider that is not on a literal loopback address. A model that a local
    server itself runs in the cloud (Ollama's `…-cloud`) is never local.
    """
    if runs_in_the_cloud(wire_id):
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


def runs_in_the_cloud(wire_id: str) -> bool:
    """Whether a server's name for a model marks it as run elsewhere, by its tag (`x:cloud`, `x:120b-cloud`) or end."""
    name, _, tag = wire_id.strip().lower().partition("@")[0].rpartition("/")[2].partition(":")
    return CLOUD in tag or name.endswith(f"-{CLOUD}")


@lru_cache(maxsize=256)  # one decision asks some hundred times of some ten addresses
def plain_host(url: str) -> str | None:
    """Returns the host of a plain http(s) address.

    None for one with user, query, fragment, backslash or a bad port: such an address can be read in two ways.
    """
    from urllib.parse import urlsplit

    if any(mark in url for mark in "\\#?") or any(ord(letter) <= 32 for letter in url):
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
    return address is not None and any(address in network for network in _local_networks())


@cache
def _local_networks() -> "tuple[IPv4Network | IPv6Network, ...]":
    from ipaddress import ip_network

    return tuple(ip_network(text) for text in LOCAL_NETWORKS)


def is_address(text: str) -> bool:
    """Whether a host is an IP address and no name."""
    return _address(text) is not None


def _address(text: str) -> "IPv4Address | IPv6Address | None":
    from ipaddress import IPv6Address, ip_address

    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped


def origin(url: str) -> str:
    """Returns scheme, host and port: what a key is bound to; empty for what is no plain address."""
    from urllib.parse import urlsplit

    if plain_host(url) is None:
        return ""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    return f"{parts.scheme}://{(parts.hostname or '').lower()}:{port}"


def address_problem(base_url: str, *, declared_local: bool) -> str | None:
    """Says what is wrong with a provider's address, or None. Plain http is for local origins only."""
    host = plain_host(base_url)
    if host is None:
        return "is not a plain http(s) address (no user, query, fragment or backslash)"
    if base_url.lower().startswith("https://") or is_loopback_host(host) or declared_local:
        return None
    return "is plain http to another machine"


def rank(name: str) -> int:
    """Returns how strict a class of data is; a name that nobody knows is the strictest."""
    return CLASSES.index(name) if name in CLASSES else len(CLASSES) - 1


def strictest(layers: tuple[Mapping[str, Any], ...]) -> Mapping[str, Any]:
    """Combines privacy settings of several layers: denials and patterns add up, allowances only narrow."""
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
    names = dict.fromkeys(name for layer in layers for name in layer.get("classes", ()))
    if names:
        combined["classes"] = {
            name: _strictest_class(tuple(layer.get("classes", {}).get(name, {}) for layer in layers)) for name in names
        }
    paths = [entry for layer in layers for entry in layer.get("paths", ())]
    if paths:
        combined["paths"] = paths
    redact = [layer["redact"] for layer in layers if layer.get("redact")]
    if redact:
        own = dict.fromkeys(pattern for wish in redact if isinstance(wish, list) for pattern in wish)
        combined["redact"] = list(own) or True
    return combined


def as_wished(said: Mapping[str, Any], *, trusted: bool) -> Mapping[str, Any]:
    """Returns a layer's privacy settings without the regular expressions of one that is not trusted.

    They could hold a process up for ever; that it wants something hidden still counts.
    """
    return said if trusted or not isinstance(said.get("redact"), list) else {**said, "redact": True}


def as_strict(below: Mapping[str, Any], tasks: Mapping[str, Any]) -> dict[str, Any]:
    """Returns tasks of which none is less private than the one of that name below."""
    kept = {
        name: {**row, **{key: below[name][key] for key in ("private", "class") if _is_looser(key, row, below[name])}}
        for name, row in tasks.items()
        if name in below
    }
    return {**tasks, **kept}


def _is_looser(key: str, row: Mapping[str, Any], below: Mapping[str, Any]) -> bool:
    if key == "private":
        return bool(below.get(key)) and not row.get(key)
    return rank(below.get(key, PUBLIC)) > rank(row.get(key, PUBLIC))


def _strictest_class(rows: tuple[Mapping[str, Any], ...]) -> dict[str, Any]:
    """Combines what several layers say of one class of data."""
    allowed = [frozenset(row["allow"]) for row in rows if "allow" in row]
    denied = frozenset(name for row in rows for name in row.get("deny", ()))
    combined: dict[str, Any] = {}
    if allowed:
        combined["allow"] = sorted(frozenset.intersection(*allowed))
    if denied:
        combined["deny"] = sorted(denied)
    if any(row.get("upstream") == "deny" for row in rows):
        combined["upstream"] = "deny"
    return combined
