"""The family of a model that no row tells: by the known families that its id names.

A gateway's id of a model must not give its family a second vote.
"""

import re
from collections.abc import Iterable

NO_FAMILY = frozenset({"", "echo", "local", "unknown"})
"""Words of the registry that say nothing of who trained a model."""


def by_id(wire_id: str, known: Iterable[str]) -> str:
    """Returns the longest known family that an id names as a word of its last part; an empty text where none is."""
    last = wire_id.rstrip("/").rpartition("/")[2].casefold()
    named = [family for family in set(known) - NO_FAMILY if re.search(rf"(?<![a-z]){re.escape(family)}(?![a-z])", last)]
    return max(named, key=lambda family: (len(family), family), default="")
