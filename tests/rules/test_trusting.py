"""Which repositories a managed layer names."""

import pytest

from outrider.rules.trusting import is_named


@pytest.mark.parametrize(
    ("path", "pattern", "named"),
    [
        ("/srv/a", "/srv/a", True), ("/srv/a", "/srv/a/", True), ("/srv/a", "/srv/*", True),
        ("/srv/a/b", "/srv/*", False), ("/srv/a/b", "/srv/**", True), ("/srv", "/srv/**", True),
        ("/srv/x/y/team", "/srv/**/team", True), ("/srv/team", "/srv/**/team", True), ("/srv/ab", "/srv/a?", True),
        ("/srvx/a", "/srv/**", False), ("/srv/a.b", "/srv/a*b", True), ("/srv/aXb", "/srv/a.b", False),
        ("/srv/a\n", "/srv/a", False), ("/srv/a", "/", False), ("/srv/a", "**", False), ("/srv/a", "srv/*", False),
        ("/srv/a", "/etc/../srv/a", False), ("/srv/a", 7, False), ("/srv/[a]", "/srv/[a]", True),
    ],
)  # fmt: skip
def test_a_pattern_names_what_it_says(path: str, pattern: object, *, named: bool) -> None:
    """Paths and globs, absolute only, `*` within a name and `**` over folders; nothing else has a meaning."""
    assert is_named(path, [pattern]) is named
