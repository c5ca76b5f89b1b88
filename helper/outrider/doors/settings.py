"""Where everything is: our home, Claude Code's folder, the project, and the bundled registry.

Two variables move things: `OUTRIDER_HOME` ours, `CLAUDE_CONFIG_DIR` Claude Code's. Nothing is read here but names.
"""

import os
import sys
from collections.abc import Iterator

from outrider.errors import OutriderError, Refused
from outrider.records import record

MANAGED = "/etc/outrider/models.json"
SMALL_FILE = 1_048_576


@record
class Places:
    """Absolute paths. `project` is None outside of any checkout."""

    home: str
    claude: str
    project: str | None
    bundled: str
    managed: str = MANAGED

    def ours(self, *names: str) -> str:
        """Returns a path in our home."""
        return os.path.join(self.home, *names)


def places(*, environment: "os._Environ[str] | dict[str, str] | None" = None, cwd: str | None = None) -> Places:
    """Returns where everything is for this process."""
    env = os.environ if environment is None else environment
    user = env.get("HOME", "")
    home = env.get("OUTRIDER_HOME") or _recorded_home() or (os.path.join(user, ".config", "outrider") if user else "")
    if not home:
        raise OutriderError(
            "there is no home folder: HOME is not set", hint="set HOME, or OUTRIDER_HOME to a folder for our files"
        )
    claude = env.get("CLAUDE_CONFIG_DIR") or (os.path.join(user, ".claude") if user else os.path.join(home, ".claude"))
    start = cwd if cwd is not None else _working_folder()
    project = project_root(start, user=user)
    if is_inside_claude(env):
        _refuse_moved(env, home=home, claude=claude, roots=tuple(_checkouts(start, project=project)))
    return Places(home=os.path.abspath(home), claude=os.path.abspath(claude), project=project, bundled=_bundled())


def is_inside_claude(env: "os._Environ[str] | dict[str, str] | None" = None) -> bool:
    """Whether Claude Code's Bash tool started us."""
    return (os.environ if env is None else env).get("CLAUDECODE") == "1"


def project_root(start: str, *, user: str) -> str | None:
    """Returns the nearest folder upwards that holds `.git` or `.claude/config`, never HOME itself."""
    folder, home = start, os.path.realpath(user) if user else ""
    while folder:
        is_one = os.path.exists(os.path.join(folder, ".git")) or os.path.isdir(
            os.path.join(folder, ".claude", "config")
        )
        # HOME may be a link or end in a slash, and the working folder never is or does.
        if is_one and os.path.realpath(folder) != home:
            return folder
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent
    return None


def _working_folder() -> str:
    try:
        return os.getcwd()
    except OSError:
        return ""


def _refuse_moved(env: "os._Environ[str] | dict[str, str]", *, home: str, claude: str, roots: tuple[str, ...]) -> None:
    """Refuses places that a project's `env` block may have set: they would hold its keys, its trust, its settings."""
    for name, place in (("OUTRIDER_HOME", home), ("CLAUDE_CONFIG_DIR", claude)):
        variable = name if env.get(name) else "HOME"
        if not os.path.isabs(place) or any(_is_inside(place, root) for root in roots):
            raise Refused(
                f"{variable} points into this project",
                hint=f"unset {variable} in this project's settings; run `outrider doctor` in a terminal",
                kind="trust",
            )
    recorded = _recorded_home()
    if recorded is not None and os.path.realpath(home) != os.path.realpath(recorded):
        raise Refused(
            "OUTRIDER_HOME points away from the home recorded at install",
            hint="unset OUTRIDER_HOME in this project's settings; run `outrider doctor` in a terminal",
            kind="trust",
        )


def _checkouts(start: str, *, project: str | None) -> Iterator[str]:
    """Yields every checkout around a folder, but nothing above the user's real home, whatever HOME says."""
    import pwd

    try:
        login = os.path.realpath(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        login = ""
    if project is not None:
        yield project
    folder = os.path.realpath(start) if start else ""
    while folder and folder != os.path.dirname(folder):
        is_above_login = bool(login) and (login + os.sep).startswith(folder + os.sep)
        if not is_above_login and os.path.lexists(os.path.join(folder, ".git")):
            yield folder
        folder = os.path.dirname(folder)


def _is_inside(path: str, folder: str) -> bool:
    return (os.path.realpath(path) + os.sep).startswith(os.path.realpath(folder) + os.sep)


def _recorded_home() -> str | None:
    """Returns the home that `install.sh` recorded, if this is an installed helper (`SHARE/venvs/NAME`)."""
    try:
        with open(os.path.join(os.path.dirname(os.path.dirname(sys.prefix)), "home"), encoding="utf-8") as file:
            return file.read(4096).strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def _bundled() -> str:
    """Returns the folder with the registry: the checkout's own when run from one, else what the package carries."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    checkout = os.path.join(os.path.dirname(os.path.dirname(package)), ".claude", "config")
    if os.path.isfile(os.path.join(checkout, "models.json")):
        return checkout
    return os.path.join(package, "_bundled")
