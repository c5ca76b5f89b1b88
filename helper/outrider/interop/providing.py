"""Finds the provider that another tool's file means, or writes a row for it; and whose key goes there.

A key stays bound to what it was for: one that the file pairs with another address than ours gets a row of its own.
"""

import re
from collections.abc import Mapping
from typing import Any

from outrider.interop.nouns import Key
from outrider.interop.reaching import RUNTIMES, new_name, plain_address, provider_at, same_place, word_of
from outrider.interop.telling import Telling
from outrider.records import record
from outrider.rows import Provider, Registry
from outrider.rules import privacy
from outrider.rules.secrets import FOREIGN, why_foreign

_PATIENT = {"first_byte": 300, "total": 900}


@record
class Into:
    """What an import is made for: the registry that names are judged by, the providers there are, the user's hosts."""

    registry: Registry
    providers: Mapping[str, Provider]
    own_hosts: frozenset[str] = frozenset()


class Providing(Telling):
    """Provides endpoints to a draft."""

    def __init__(self, into: Into) -> None:
        super().__init__()
        self.into = into
        self.made: dict[str, dict[str, Any]] = {}

    def provider(self, word: str, *, path: str, address: Any, key: Key, dialect: str = "") -> Provider | None:
        """Finds the provider that is meant, or makes a row for it; None, and a line, where there is none."""
        ours = word_of(word)
        if address not in (None, ""):
            url = plain_address(address) if isinstance(address, str) else ""
            if not url:
                self.leave(path, "its address is no plain http(s) address (no user, query or fragment)")
                return None
            found = provider_at(self.into.providers, url, word=ours)
            if found is not None and found.dialect != "native":
                return self._keyed(found, key)
            return self._made_at(url, key) or self._make(ours, url, key, path=path, dialect=dialect)
        found = self.into.providers.get(ours)
        if found is None or found.dialect in {"native", "echo"}:
            self.leave(path, "we know no provider of this name, and no address is given; see `outrider providers add`")
            return None
        return self._keyed(found, key)

    def _made_at(self, url: str, key: Key) -> Provider | None:
        for name, row in self.made.items():
            same = same_place(row["base_url"]) == same_place(url)
            if same and (row.get("key") == key.variable or not key.variable):
                return provider_from(name, row)
        return None

    def _keyed(self, provider: Provider, key: Key) -> Provider:
        """Returns a known provider, in a row of its own where the file gives it a key of another name."""
        named = key.variable
        if provider.local and not provider.needs_key:
            if (named and named not in provider.keys) or key.is_literal:
                self.note(
                    f"{named or 'the key'} is ignored for {provider.name}: a server on your own machine needs none"
                )
            return provider
        if not provider.keys or key.is_dummy:
            return provider
        foreign = next((name for name in FOREIGN if name == named or provider.keys[0].endswith(f"_{name}")), None)
        if foreign is not None and named not in provider.keys:
            self.note(f"{foreign} is not read: {why_foreign()}; {provider.keys[0]} is read for {provider.name} instead")
        if not named or named in provider.keys or named in FOREIGN:
            self.needs(named if named in provider.keys else provider.keys[0])
            return provider
        self.needs(named)
        name = f"{provider.name}-{named.lower()}"[:64]
        if name not in self.made:
            row = {**{field: value for field, value in provider.row.items() if field != "keys"}, "key": named}
            self.made[name] = row if provider.quirks == name else {**row, "quirks": provider.quirks}
            self.note(f"{provider.name} with the key {named} is a provider of its own: {name}")
        return provider_from(name, self.made[name])

    def _make(self, word: str, url: str, key: Key, *, path: str, dialect: str) -> Provider | None:
        host = privacy.plain_host(url) or ""
        is_loopback = privacy.is_loopback_host(host)
        is_own = host in self.into.own_hosts or (is_loopback and word in RUNTIMES)
        if url.lower().startswith("http:") and not is_loopback and not is_own:
            self.leave(path, f"plain http to {host} is unprotected; if that machine is yours: `--local {host}`")
            return None
        known = self.into.providers.get(word)
        speech = dialect or (known.dialect if known is not None and known.dialect == "ollama" else "openai")
        if speech == "openai" and url.count("/") == 2:
            url = f"{url}/v1"
        elif speech != "openai":
            url = url.removesuffix("/v1")
        name = self._free_name(new_name(word, url), url)
        row: dict[str, Any] = {"dialect": speech, "base_url": url}
        variable = self._variable(name, key, url, is_own=is_own)
        if variable:
            row["key"] = variable
            self.needs(variable)
        if is_own:
            row |= {"local": True, "serves": "listed", "limits": dict(_PATIENT)}
        elif is_loopback:
            self.note(
                f"{name} is not taken for local, since it may hand prompts on; if it keeps them: `--local {host}`"
            )
        self.made[name] = row
        return provider_from(name, row)

    def _variable(self, name: str, key: Key, url: str, *, is_own: bool) -> str:
        """Returns the variable of a new provider's key; never one whose key belongs elsewhere."""
        if is_own and key.variable == "OLLAMA_API_KEY":
            self.note(f"{key.variable} is ignored for {name}: a server on your own machine needs none")
            return ""
        own = re.sub(r"[^A-Z0-9]+", "_", f"{name}_API_KEY".upper()).lstrip("_0123456789")
        if key.is_literal:
            return own
        if key.variable in FOREIGN:
            self.note(f"{key.variable} is not read, nor sent to {privacy.origin(url)}: {own} is")
            return own
        bound = [other for other in self.into.providers.values() if key.variable in other.keys]
        if bound:
            self.warn(f"{key.variable} is the key of {bound[0].name}, and is now sent to {privacy.origin(url)} as well")
        return key.variable

    def _free_name(self, name: str, url: str) -> str:
        tries = (name, new_name("", url), *(f"{name[:58]}-{count}" for count in range(2, 10_000)))
        return next(free for free in tries if free not in self.made and free not in self.into.providers)


def provider_from(name: str, row: Mapping[str, Any]) -> Provider:
    """Returns the provider that a row describes."""
    keys = (row["key"],) if row.get("key") else ()
    return Provider(
        name=name, dialect=row["dialect"], base_url=row.get("base_url", ""), keys=keys, local=row.get("local", False),
        serves_listed=row.get("serves") == "listed", quirks=row.get("quirks") or name, row=row,
    )  # fmt: skip
