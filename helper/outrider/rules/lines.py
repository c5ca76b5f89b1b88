"""On which line each value of a JSON text stands: a parser keeps values and forgets where they were.

Made for text that has been parsed already; what is not JSON ends the search and raises nothing.
"""

import json
import re
from collections.abc import Mapping

from outrider.rules.paths import inside

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|\n|[^\s{}\[\],:"]+')


def json_lines(text: str) -> Mapping[str, int]:
    """Returns the line of every value, counted from 1, by its written path; that of a named value is its name's."""
    lines: dict[str, int] = {}
    line = 1
    # One entry a level: the written path around it, and the number of the next item where it is a list.
    open_paths: list[tuple[str, int | None]] = []
    path, awaits_name = "$", False
    for match in _TOKEN.finditer(text):
        token = match[0]
        match token:
            case "\n":
                line += 1
            case "{" | "[":
                lines.setdefault(path, line)
                open_paths.append((path, 0 if token == "[" else None))
                path, awaits_name = (inside(path, 0), False) if token == "[" else (path, True)
            case "}" | "]":
                if not open_paths:
                    return lines
                path, _ = open_paths.pop()
                awaits_name = False
            case ",":
                if not open_paths:
                    return lines
                outer, number = open_paths.pop()
                open_paths.append((outer, None if number is None else number + 1))
                path = outer if number is None else inside(outer, number + 1)
                awaits_name = number is None
            case ":":
                awaits_name = False
            case _ if awaits_name and open_paths:
                path = inside(open_paths[-1][0], _name(token))
                lines.setdefault(path, line)
            case _:
                lines.setdefault(path, line)
    return lines


def _name(token: str) -> str:
    try:
        return str(json.loads(token))
    except ValueError:
        return token.strip('"')
