"""Keys: read from the environment or from one 0600 file that is parsed, never sourced.

A key leaves this room only into the header of the one call it is for. What tells keys apart elsewhere is a digest
keyed with random bytes of this installation, so that no list of digests says anything of the keys.
"""

import os
import re
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress

from outrider.doors.digest import blake2b
from outrider.doors.files import locked, make_folder, read_small, write_whole
from outrider.doors.settings import SMALL_FILE, Places
from outrider.errors import OutriderError, StorageFault
from outrider.rows import Provider, Registry
from outrider.rules.secrets import variables

SALT = "salt"
FOREIGN = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")
"""Set by Claude Code's own shell: a Claude login is never picked up by accident."""
_LINE = r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)"
_QUOTED = r"(['\"])(.*?)\1\s*(?:#.*)?"


def parse_env(text: str) -> dict[str, str]:
    """Reads `NAME=value` lines; quotes are taken off, nothing is expanded or run."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        match = re.fullmatch(_LINE, line)
        if match is None or line.lstrip().startswith("#"):
            continue
        name, value = match[1], match[2].strip()
        quoted = re.fullmatch(_QUOTED, value)
        value = quoted[2] if quoted is not None else re.split(r"\s#", f" {value}")[0].strip()
        if value:
            found[name] = value
    return found


def env_file(places: Places) -> dict[str, str]:
    """Returns the key file's entries; refused when others can read it."""
    path = places.ours("env")
    data = read_small(path, limit=SMALL_FILE)
    if data is None:
        return {}
    if stat.S_IMODE(os.stat(path).st_mode) & 0o077:
        raise OutriderError(f"{path} can be read by others", hint=f"run `chmod 600 {path}`")
    return parse_env(data.decode("utf-8-sig", "replace"))


class Keys:
    """The keys of this process: the environment over the file. Prints as a count, never as its content."""

    def __init__(self, places: Places, environment: Mapping[str, str]) -> None:
        self._places = places
        self._environment = environment
        self._file: dict[str, str] | None = None
        self._salt: bytes | None = None

    def __repr__(self) -> str:
        return "Keys()"

    def value(self, provider: Provider) -> str | None:
        """Returns the key for a provider, or None. A key that no header can carry is no key."""
        for name in provider.keys:
            found = self.lookup(name)
            if found:
                return found
        return None

    def lookup(self, name: str) -> str | None:
        """Returns the value of one variable, from the environment or the file."""
        found = self._environment.get(name)
        if not found:
            if self._file is None:
                self._file = env_file(self._places)
            found = self._file.get(name)
        # Only what a file or a shell leaves around a value: any other odd letter spoils the key, and must not hide.
        found = (found or "").strip(" \t\r\n")
        return found if found and found.isascii() and found.isprintable() else None

    def source(self, provider: Provider) -> str | None:
        """Says which variable holds the key and where it is, never the key."""
        for name in provider.keys:
            if self._environment.get(name):
                return f"{name} (environment)"
            if self.lookup(name):
                return f"{name} ({self._places.ours('env')})"
        return None

    def present(self, registry: Registry) -> dict[str, str]:
        """Returns the providers that can be called, each with the id of its key (empty without one)."""
        found: dict[str, str] = {}
        for provider in registry.providers.values():
            if provider.dialect == "native":
                continue
            key = self.value(provider) if provider.keys else None
            if key is not None:
                found[provider.name] = self.digest(key)
            elif not provider.needs_key:
                found[provider.name] = ""
        return found

    def known_values(self, registry: Registry) -> tuple[str, ...]:
        """Returns every known key and everything in the key file, for taking them out of messages."""
        return tuple(sorted(self.named_values(registry)))

    def named_values(self, registry: Registry) -> dict[str, str]:
        """Returns every value that must not leave, with the name of its variable: known keys and the key file."""
        names = dict.fromkeys(variables(registry.providers))
        found = {value: name for name in (*names, *FOREIGN) if (value := self.lookup(name)) and len(value) >= 8}
        if self._file is None:
            self._file = env_file(self._places)
        for name, value in self._file.items():
            if len(value) >= 8:
                found.setdefault(value, name)
        return found

    def digest(self, text: str) -> str:
        """Returns a short keyed digest: equal for equal text on this installation, and saying nothing elsewhere."""
        return self.digest_bytes(text.encode("utf-8", "surrogatepass"))

    def digest_bytes(self, data: bytes) -> str:
        """Returns the same for bytes."""
        return self.digest_pieces((data,))

    def digest_pieces(self, pieces: Iterable[bytes]) -> str:
        """Returns the same for bytes that come in pieces: a file need not fit into memory."""
        if self._salt is None:
            self._salt = _salt(self._places)
        found = blake2b(key=self._salt, digest_size=8)
        for piece in pieces:
            found.update(piece)
        return found.hexdigest()


def _salt(places: Places) -> bytes:
    """Returns this installation's random bytes, made by whichever process comes first."""
    path = places.ours(SALT)
    data = read_small(path, limit=64, follow=False)
    if data is None:
        make_folder(places.home)
        draft = f"{path}.{os.getpid()}"
        write_whole(draft, os.urandom(32))
        try:
            # A link either makes the whole file or finds another process's whole file: never half of one.
            os.link(draft, path)
        except FileExistsError:
            pass
        except OSError as fault:
            raise StorageFault(f"cannot write {path}: {fault.strerror}", hint="check the folder's mode") from None
        finally:
            with suppress(OSError):  # What is left of it is as private as the file, and harms nobody.
                os.unlink(draft)
        data = read_small(path, limit=64, follow=False)
    if data is None or len(data) != 32:
        raise StorageFault(f"{path} is damaged", hint=f"remove it: `rm {path}`")
    return data


def store(places: Places, entries: Mapping[str, str]) -> None:
    """Adds entries to the key file, keeping its other lines as they are."""
    make_folder(places.home)
    # The file may be a link into a folder that the user keeps elsewhere: the link stays.
    path = os.path.realpath(places.ours("env"))
    with locked(places.ours("lock")):
        data = read_small(path, limit=SMALL_FILE) or b""
        lines = data.decode("utf-8", "surrogateescape").removesuffix("\n").split("\n") if data else []
        kept = [line for line in lines if (match := re.fullmatch(_LINE, line)) is None or match[1] not in entries]
        text = "\n".join([*kept, *(f"{name}={value}" for name, value in entries.items())]) + "\n"
        write_whole(path, text.encode("utf-8", "surrogateescape"), mode=0o600)
