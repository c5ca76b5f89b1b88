"""What is local, which addresses are plain, and how privacy settings add up."""

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.rules import privacy

LOCAL = (
    "127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.20", "169.254.1.1",
    "100.64.0.1", "100.127.255.255", "::1", "fd00::1", "fc00::1", "fe80::1", "fe80::1%eth0", "::ffff:10.0.0.1",
    "::ffff:127.0.0.1", "::ffff:100.64.0.1",
)  # fmt: skip
FOREIGN = (
    "8.8.8.8", "1.1.1.1", "172.15.255.255", "172.32.0.0", "192.169.0.0", "100.63.255.255", "100.128.0.0", "0.0.0.0",
    "255.255.255.255", "240.0.0.1", "224.0.0.1", "192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "::",
    "2606:4700::1111", "2001:db8::1", "2002:808:808::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "64:ff9b::808:808",
    "64:ff9b:1::808:808", "::808:808", "::ffff:8.8.8.8", "ff02::1", "fec0::1", "example.org", "localhost", "", "10.0.0",
    "0x7f000001", "2130706433", "127.1", "10.0.0.1 ", "10.0.0.01",
)  # fmt: skip


@pytest.mark.parametrize("address", LOCAL)
def test_a_local_address(address: str) -> None:
    """Loopback, the private networks, one's own link and the carrier's range are local."""
    assert privacy.is_local_address(address)
    host = f"[{address}]" if ":" in address else address
    if "%" not in address:
        assert privacy.is_local(f"http://{host}:11434", declared=True, wire_id="one")


@pytest.mark.parametrize("address", FOREIGN)
def test_no_foreign_address_is_local(address: str) -> None:
    """Everything else is not: public, reserved, documentation, tunnels into the net, and what is no address."""
    assert not privacy.is_local_address(address)


PUBLIC = (
    st.ip_addresses(v=4, network="8.0.0.0/7")
    | st.ip_addresses(v=4, network="128.0.0.0/3").filter(lambda ip: ip.is_global)
    | st.ip_addresses(v=6, network="2000::/3")
)


@given(PUBLIC, st.booleans())
def test_no_public_address_is_ever_local(address: IPv4Address | IPv6Address, declared: bool) -> None:  # noqa: FBT001
    """No word of a user or a project makes a public address local, mapped into the other family or not."""
    shown = [str(address)]
    if isinstance(address, IPv4Address):
        shown += [
            f"::ffff:{address}",
            f"2002:{int(address) >> 16:x}:{int(address) & 65535:x}::1",
            f"64:ff9b::{address}",
        ]
    for text in shown:
        host = f"[{text}]" if ":" in text else text
        assert not privacy.is_local_address(text)
        assert not privacy.is_local(f"http://{host}:11434/v1", declared=declared, wire_id="one")
        assert not privacy.is_loopback_host(text)


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_as_local_as_itself(address: IPv4Address) -> None:
    """Writing an IPv4 address as IPv6 changes nothing."""
    mapped = str(ip_address(f"::ffff:{address}"))
    assert privacy.is_local_address(mapped) == privacy.is_local_address(str(address))
    assert privacy.is_loopback_host(mapped) == privacy.is_loopback_host(str(address)) == (address.packed[0] == 127)


STRANGE = (
    "http://localhost@evil.example/v1",
    "http://user:word@localhost/v1",
    "http://@localhost/",
    "http://localhost#x",
    "http://evil.example#@localhost/",
    "http://localhost\\@evil.example",
    "http://localhost\\evil",
    "http:\\\\localhost",
    "http://localhost?x=1",
    "http://evil.example?@localhost",
    "http://local host/",
    "http://localhost\n/",
    "http://\tlocalhost",
    " http://localhost",
    "http://localhost:0/",
    "http://localhost:99999/",
    "http://localhost:-1/",
    "http://localhost:x/",
    "http://[::1/",
    "http://",
    "https:///v1",
    "localhost:11434",
    "ftp://localhost/",
    "file:///etc/passwd",
    "//localhost/",
    "unix:/run/x.sock",
    "javascript:alert(1)",
    "",
    "http://:80/",
    "http://[localhost]/",
)


@pytest.mark.parametrize("url", STRANGE)
def test_a_strange_address_is_neither_plain_nor_local(url: str) -> None:
    """What two readers could read in two ways is refused: user, query, fragment, backslash, spaces, bad ports."""
    assert privacy.plain_host(url) is None
    assert url == "" or not privacy.is_local(url, declared=True, wire_id="one")
    assert privacy.origin(url) == ""
    assert privacy.address_problem(url, declared_local=True) == (
        "is not a plain http(s) address (no user, query, fragment or backslash)"
    )


@given(st.text(max_size=40), st.text(max_size=10), st.sampled_from(["http", "https"]), st.sampled_from("@#\\?"))
def test_no_address_with_a_mark_is_plain(before: str, after: str, scheme: str, mark: str) -> None:
    """Userinfo, fragments, backslashes and queries are refused wherever they stand before the path."""
    for url in (f"{scheme}://{before}{mark}{after}", f"{scheme}://localhost{mark}{after}"):
        host = url.partition("//")[2].partition("/")[0]
        if mark in host or mark != "@":
            assert privacy.plain_host(url) is None


@given(st.text())
def test_any_text_is_judged(text: str) -> None:
    """No text breaks the judgement, whatever stands in a file."""
    privacy.plain_host(text)
    privacy.is_local_address(text)
    privacy.is_loopback_host(text)
    privacy.origin(text)
    privacy.address_problem(text, declared_local=True)
    privacy.is_local(text, declared=True, wire_id=text)


@pytest.mark.parametrize(
    ("url", "declared", "wire_id", "local"),
    [
        ("http://localhost:11434", True, "qwen3.8:27b", True),
        ("http://localhost:11434", False, "qwen3.8:27b", False),
        ("http://127.0.0.1:4000/v1", False, "gpt", False),
        ("https://box.lan/v1", True, "any", True),
        ("https://box.lan/v1", False, "any", False),
        ("http://192.168.1.20:8000", True, "any", True),
        ("https://8.8.8.8/v1", True, "any", False),
        ("", True, "echo", True),
        ("", False, "opus", False),
        ("http://localhost:11434", True, "gpt-oss:120b-cloud", False),
        ("http://localhost:11434", True, "minimax-m2:cloud", False),
        ("http://localhost:11434", True, "GPT-OSS:120B-CLOUD", False),
        ("http://localhost:11434", True, "minimax-m2:cloud ", False),
        ("http://localhost:11434", True, "minimax-m2:cloud@sha256:00", False),
        ("http://localhost:11434", True, "minimax-m2-cloud", False),
        ("http://localhost:11434", True, "minimax-m2-cloud:latest", False),
        ("http://localhost:11434", True, "someone/minimax-m2:cloud", False),
        ("http://localhost:11434", True, "minimax-m2:cloud-preview", False),
        ("", True, "x:cloud", False),
        ("http://localhost:11434", True, "cloudy:7b", True),
        ("http://localhost:11434", True, "hf.co/cloud/model:q4", True),
    ],
)
def test_is_local(url: str, wire_id: str, *, declared: bool, local: bool) -> None:
    """Local is a declared endpoint that can only be one's own, and a model that it does not run elsewhere."""
    assert privacy.is_local(url, declared=declared, wire_id=wire_id) is local


@pytest.mark.parametrize(
    ("url", "declared", "problem"),
    [
        ("https://api.example/v1", False, None),
        ("HTTPS://api.example/v1", False, None),
        ("http://localhost:11434", False, None),
        ("http://127.0.0.5", False, None),
        ("http://[::1]:8000/v1", False, None),
        ("http://box.lan:8000/v1", True, None),
        ("http://box.lan:8000/v1", False, "is plain http to another machine"),
        ("http://10.0.0.1/v1", False, "is plain http to another machine"),
        ("http://localhost.evil.example/v1", False, "is plain http to another machine"),
        ("http://127.0.0.1.evil.example/v1", False, "is plain http to another machine"),
    ],
)
def test_address_problem(url: str, problem: str | None, *, declared: bool) -> None:
    """Prompts and keys go in the clear to this machine, or to one that the user called local."""
    assert privacy.address_problem(url, declared_local=declared) == problem


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://api.example/v1", "https://api.example:443"),
        ("https://API.example:443", "https://api.example:443"),
        ("http://localhost/x", "http://localhost:80"),
        ("http://localhost:8080/x", "http://localhost:8080"),
        ("https://api.example:8443", "https://api.example:8443"),
    ],
)
def test_origin(url: str, origin: str) -> None:
    """A key is bound to scheme, host and port, however they are written."""
    assert privacy.origin(url) == origin


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ((), {"private": False}),
        (({"private": False}, {"private": True}, {"private": False}), {"private": True}),
        (({"allow": ["a", "b"]}, {}, {"allow": ["c", "b"]}), {"private": False, "allow": ["b"]}),
        (({"allow": ["a"]}, {"allow": ["b"]}), {"private": False, "allow": []}),
        (({"deny": ["a"]}, {"deny": ["c", "b"]}), {"private": False, "deny": ["a", "b", "c"]}),
        (({"allow": [], "deny": []},), {"private": False, "allow": []}),
    ],
    ids=["nothing", "once private", "allowed by all", "allowed by none", "denials add up", "empty"],
)
def test_strictest(layers: tuple[Mapping[str, Any], ...], expected: Mapping[str, Any]) -> None:
    """A later layer can only take away."""
    assert privacy.strictest(layers) == expected


NAMES = st.lists(st.sampled_from("abcd"), unique=True)
SETTINGS = st.fixed_dictionaries({}, optional={"private": st.booleans(), "allow": NAMES, "deny": NAMES})


@given(st.lists(SETTINGS, max_size=4), SETTINGS)
def test_one_more_layer_only_tightens(layers: list[dict[str, Any]], more: dict[str, Any]) -> None:
    """Who was barred stays barred, and private stays private, in whatever order the layers come."""

    def allowed(settings: Mapping[str, Any]) -> set[str]:
        return {
            name for name in "abcd" if name in settings.get("allow", "abcd") and name not in settings.get("deny", ())
        }

    before, after = privacy.strictest(tuple(layers)), privacy.strictest((*layers, more))
    assert allowed(after) <= allowed(before)
    assert after["private"] >= before["private"]
    assert privacy.strictest((more, *layers)) == after
