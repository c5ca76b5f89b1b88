"""What is around the pack: the client, the variables that defeat it, the other places that hold a version of ours."""

import os
from collections.abc import Iterator, Mapping

from outrider import __version__
from outrider.doors import client_pack, client_program, client_settings, client_survey, client_version, manifest
from outrider.doors import registry as registry_door
from outrider.doors.settings import Places, is_inside_claude
from outrider.errors import OutriderError
from outrider.rules import pack_words, requires
from outrider.rules.installing import Form


def notes(where: Places, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Returns what would keep the pack from doing its work."""
    found = [(name, "the environment") for name in pack_words.WATCHED if environment.get(name)]
    found += list(client_survey.variables_set(where, pack_words.WATCHED))
    return tuple(pack_words.client_notes(_client(environment), found))


def _client(environment: Mapping[str, str]) -> tuple[int, int, int] | None:
    if is_inside_claude(dict(environment)):
        # What a repository's settings put first on PATH is not asked.
        return client_version.running(environment)
    return client_program.version() or client_version.on_path()


def doubled(where: Places, *, form: Form) -> tuple[str, ...]:
    """Returns that a repository's agents stand beside the plugin's, where the user has it."""
    loaded = [name for name, is_enabled in client_pack.plugins(where).items() if is_enabled]
    if form != "project" or not loaded:
        return ()
    return (f"you have the plugin {loaded[0]} too, so agents are listed twice here: `scout` and `outrider:scout`",)


def other_versions(where: Places, *, form: Form) -> tuple[str, ...]:
    """Returns every other part that is not of the helper's version, and what asks for a newer helper."""
    others = [
        (f"the plugin {name}", _plugin_version(where, name), f"`claude plugin update {name}`")
        for name in client_pack.plugins(where)
    ]
    if form == "project":
        others.append(("your own pack", _pack_version(where.claude), "`outrider upgrade`"))
    elif where.project is not None:
        found = _pack_version(os.path.join(where.project, ".claude"))
        others.append(("the pack of this repository", found, "`outrider upgrade --project`"))
    return (*pack_words.differing(__version__, others), *_required(where))


def _pack_version(folder: str) -> str | None:
    try:
        found = manifest.read(folder)
    except OutriderError:
        return None
    return found.helper if found is not None else None


def _plugin_version(where: Places, name: str) -> str | None:
    known = client_settings.values(os.path.join(where.claude, "plugins", "installed_plugins.json")).get("plugins")
    copies = known.get(name) if isinstance(known, dict) else None
    first = next((copy for copy in copies if isinstance(copy, dict)), {}) if isinstance(copies, list) else {}
    version = first.get("version")
    return version[:40] if isinstance(version, str) else None


def _required(where: Places) -> Iterator[str]:
    """Yields which layers are written for a newer helper; one that cannot be read is another command's matter."""
    for source in registry_door.read_sources(where)[1:]:
        try:
            said = registry_door.parse(source)
        except OutriderError:
            continue
        yield from requires.unmet(said, path=source.path, version=__version__)
