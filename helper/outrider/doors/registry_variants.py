"""Other registries than the one in force: the shipped one alone, or the user's layer exchanged for a file.

For trying a policy before it holds. Nothing here is remembered as valid, and no project is trusted by it.
"""

from outrider.doors import registry
from outrider.doors.digest import blake2b
from outrider.doors.files import read_small
from outrider.doors.settings import SMALL_FILE, Places
from outrider.errors import OutriderError
from outrider.rows import Registry
from outrider.rules.layers import merge
from outrider.rules.rows_from import registry_from

BUNDLED, CURRENT = "bundled", "current"


def variant(places: Places, name: str) -> Registry:
    """Returns a registry by name: `bundled`, `current`, or a file that stands in for the user's own layer."""
    if name == CURRENT:
        return registry.load(places)
    sources = registry.read_sources(places)
    if name == BUNDLED:
        kept = tuple(source for source in sources if source.name == "bundled")
    else:
        data = read_small(name, limit=SMALL_FILE)
        if data is None:
            raise OutriderError(
                f"there is no file {name}", hint=f"name a file of settings, `{BUNDLED}`, or `{CURRENT}`"
            )
        stand_in = registry.Source(name="user", path=name, data=data)
        before = tuple(source for source in sources if source.name in {"bundled", "managed"})
        after = tuple(source for source in sources if source.name.startswith("project"))
        kept = (*before, stand_in, *after)
    layers = registry.parse_layers(kept, trusted=registry.is_trusted(places, sources))
    if len(layers) > 1:
        registry.check_layers(places, layers)
    values, origins, notes = merge(layers)
    if len(layers) > 1:
        registry.check_values(values)
    digest = blake2b(b"\0".join(source.data for source in kept), digest_size=8).hexdigest()
    return registry_from(values, origins=origins, digest=digest, notes=notes)
