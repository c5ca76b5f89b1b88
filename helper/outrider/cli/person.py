"""Some commands are for a person at a terminal: they move trust, keys or addresses."""

from outrider.cli.session import Session
from outrider.errors import Refused


def only_a_person(session: Session, command: str) -> None:
    """Refuses inside Claude Code, where the words of a repository or a web page may be what speaks."""
    if session.inside_claude:
        raise Refused(
            f"`outrider {command}` is for a person, and refused inside Claude Code",
            hint=f"run it in a terminal of your own: `outrider {command}`",
            kind="trust",
        )
