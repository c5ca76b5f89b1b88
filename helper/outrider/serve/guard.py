"""Who may speak to us: a program of the user's that knows the token, and no web page.

A page can reach loopback by a name of its own that points here (the host tells), or from its own origin (the header
tells); neither is answered, whatever it knows.
"""

import hmac
from collections.abc import Iterable, Mapping

from outrider.rules.privacy import is_address, is_loopback_host
from outrider.wire.serving.errors import Unfit

BEARER = b"bearer "
KNOWN = 64
"""So many spellings of our own name are looked at once only."""


def headers_of(raw: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Returns the headers by name; of one that is given twice the last."""
    return dict(raw)


class Guard:
    """Knows the token and the names that we go by. `hosts` are names beside loopback that may be used."""

    def __init__(self, token: str, *, hosts: frozenset[str] = frozenset(), is_open: bool = False) -> None:
        self._token = token.encode("ascii")
        self._hosts = hosts
        self._is_open = is_open
        self._ours: set[bytes] = set()

    def check(self, headers: Mapping[bytes, bytes]) -> None:
        """Raises `Unfit` for who may not speak to us."""
        host = headers.get(b"host", b"")
        if host not in self._ours and not self._is_our_name(host):
            raise Unfit("this host name is not ours", status=403, code="host", hint="use the address that was printed")
        if b"origin" in headers or headers.get(b"sec-fetch-site", b"none") not in (b"none", b"same-origin"):
            raise Unfit("web pages are not answered", status=403, code="origin", hint="ask from a program of your own")
        given = headers.get(b"authorization", b"")
        # Compared in one time whatever is given, also where the scheme is not ours.
        is_right = hmac.compare_digest(given[len(BEARER) :].strip(), self._token)
        if not (is_right and given[: len(BEARER)].lower() == BEARER):
            raise Unfit(
                "the token is missing or wrong", status=401, code="invalid_api_key",
                hint="send the token that `outrider serve` printed as `Authorization: Bearer TOKEN`",
            )  # fmt: skip

    def _is_our_name(self, said: bytes) -> bool:
        host = said.decode("latin-1").strip().lower()
        name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
        # An address is no name that somebody could point here.
        is_ours = is_loopback_host(name) or name in self._hosts or (self._is_open and is_address(name))
        if is_ours and len(self._ours) < KNOWN:
            self._ours.add(said)
        return is_ours
