"""Adding a provider: which addresses, names and keys are taken."""

import pytest

from outrider.errors import OutriderError
from outrider.rules.adding import checked_key, checked_name, checked_url, provider_row, served_row

NAMES = {
    "gpu.lan": ("192.168.1.5",), "tail": ("100.100.1.2", "fd7a::1"), "evil": ("93.184.215.14",),
    "mixed": ("10.0.0.1", "93.184.215.14"),
}  # fmt: skip


def look_up(host: str) -> tuple[str, ...]:
    """Stands for the system's resolver."""
    return NAMES.get(host, ())


@pytest.mark.parametrize(
    ("url", "local", "address"),
    [
        ("https://llm.example/v1/", False, "https://llm.example/v1"),
        ("http://localhost:8000/v1", False, "http://localhost:8000/v1"),
        ("http://127.0.0.1:8000/v1", True, "http://127.0.0.1:8000/v1"),
        ("http://gpu.lan:8000/v1", True, "http://gpu.lan:8000/v1"),
        ("http://tail/v1", True, "http://tail/v1"),
        ("http://10.1.2.3/v1", True, "http://10.1.2.3/v1"),
        ("http://100.64.0.1/v1", True, "http://100.64.0.1/v1"),
        ("http://[::1]:1/v1", True, "http://[::1]:1/v1"),
    ],
)
def test_an_address_of_the_users_is_taken(url, local, address) -> None:
    """Https anywhere; plain http where the machine is the user's, by address or by what its name stands for."""
    assert checked_url(url, dialect="openai", local=local, addresses=look_up) == (address, ())


def test_the_usual_path_is_added() -> None:
    """An OpenAI-compatible server without a path answers under /v1; other dialects have no such path."""
    address, notes = checked_url("https://llm.example", dialect="openai", local=False, addresses=look_up)
    assert address == "https://llm.example/v1"
    assert notes == ("added /v1 to https://llm.example: that is where OpenAI-compatible servers answer",)
    assert checked_url("http://gpu.lan:11434", dialect="ollama", local=True, addresses=look_up) == (
        "http://gpu.lan:11434",
        (),
    )


@pytest.mark.parametrize(
    ("url", "local", "why"),
    [
        ("http://gpu.lan:8000/v1", False, "plain http to gpu.lan"),
        ("http://evil/v1", True, "evil is 93.184.215.14, no address"),
        ("https://evil/v1", True, "evil is 93.184.215.14, no address"),
        ("http://mixed/v1", True, "mixed is 93.184.215.14, no address"),
        ("http://8.8.8.8/v1", True, "8.8.8.8 is no address"),
        ("http://nowhere.lan/v1", True, "cannot be looked up"),
        ("ftp://gpu.lan", True, "no plain http"),
        ("gpu.lan:8000", True, "no plain http"),
        ("https://user:key@llm.example/v1", False, "no plain http"),
        ("https://llm.example/v1?key=secret", False, "no plain http"),
        ("https://llm.example/v1#x", False, "no plain http"),
        ("https://llm.example\\@evil/v1", False, "no plain http"),
        ("https://llm.example:99999/v1", False, "no plain http"),
    ],
)
def test_any_other_address_is_refused(url, local, why) -> None:
    """The reason is given, and nothing that may be a password is repeated."""
    with pytest.raises(OutriderError, match=why) as told:
        checked_url(url, dialect="openai", local=local, addresses=look_up)
    assert "key" not in told.value.message.replace("keys", "")


@pytest.mark.parametrize("name", ["", ".x", "a b", "a/b", "ä", "x" * 65, "a\n"])
def test_a_name_is_a_word(name) -> None:
    """A provider's name can stand before a slash."""
    with pytest.raises(OutriderError):
        checked_name(name)
    assert checked_name("gpu-1.lan") == "gpu-1.lan"


def test_a_key_in_a_names_place_is_not_repeated() -> None:
    """`--key` names a variable; whoever gives the key itself does not see it again."""
    assert checked_key(None) is None
    assert checked_key("GPU_API_KEY") == "GPU_API_KEY"
    with pytest.raises(OutriderError) as told:
        checked_key("sk-secret")
    assert "sk-secret" not in str(told.value.message + told.value.hint)


def test_a_row_keeps_what_was_there() -> None:
    """The user's own fields stay; being local does not outlive the address that was."""
    before = {"headers": {"x": "y"}, "local": True, "base_url": "http://localhost"}
    assert provider_row(
        dialect="openai", url="https://a/v1", key="K", local=False, was_local=True, before=before
    ) == {
        "headers": {"x": "y"}, "local": False, "base_url": "https://a/v1", "dialect": "openai", "key": "K",
        "serves": "listed",
    }  # fmt: skip
    assert provider_row(dialect="ollama", url="http://b", key=None, local=True, was_local=False, before={}) == {
        "dialect": "ollama", "base_url": "http://b", "local": True, "serves": "listed",
    }  # fmt: skip
    assert served_row("gpu")["id"] == "*"
