"""Which paths a pattern means, case by case and against any text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.rules.patterns import Around, matches

AROUND = Around(root="/home/u/project", home="/home/u")


@pytest.mark.parametrize(
    ("pattern", "path", "is_meant"),
    [
        ("payroll/**", "/home/u/project/payroll/a.csv", True),
        ("payroll/**", "/home/u/project/payroll/deep/a.csv", True),
        ("payroll/**", "/home/u/project/payroll", False),
        ("payroll/**", "/home/u/project/sub/payroll/a.csv", False),
        ("payroll/**", "/home/u/other/payroll/a.csv", False),
        ("payroll/*.csv", "/home/u/project/payroll/a.csv", True),
        ("payroll/*.csv", "/home/u/project/payroll/deep/a.csv", False),
        ("./payroll", "/home/u/project/payroll/a.csv", True),
        ("payroll/", "/home/u/project/deep/payroll/a.csv", True),
        ("payroll/", "/home/u/project/payroll", False),
        ("payroll", "/home/u/project/x/payroll", True),
        ("*.pem", "/home/u/project/a.pem", True),
        ("*.pem", "/etc/ssl/a.pem", True),
        ("*.PEM", "/home/u/project/A.pem", True),
        ("**/hr/*.txt", "/home/u/project/a/b/hr/x.txt", True),
        ("**/hr/*.txt", "/home/u/project/a/b/hr/c/x.txt", False),
        ("a/**/z", "/home/u/project/a/z", True),
        ("a/**/z", "/home/u/project/a/b/c/z", True),
        ("~/tax/**", "/home/u/tax/2026/a.pdf", True),
        ("~/tax", "/home/u/tax/a.pdf", True),
        ("~/tax", "/home/v/tax/a.pdf", False),
        ("/srv/secret", "/srv/secret/x", True),
        ("/srv/secret", "/srv/secrets/x", False),
        ("no[0-9].t?t", "/home/u/project/no7.txt", True),
        ("no[!0-9].txt", "/home/u/project/no7.txt", False),
        ("a\\*b", "/home/u/project/a*b", True),
        ("a\\*b", "/home/u/project/axb", False),
        ("[unclosed", "/home/u/project/[unclosed", True),
        ("é*", "/home/u/project/E\u0301té.txt", True),
        ("*", "/home/u/project/x", True),
        ("**", "/x", True),
    ],
)
def test_a_pattern_means_paths(*, pattern: str, path: str, is_meant: bool) -> None:
    """As `.gitignore` reads it, and without case."""
    assert matches(pattern, path, AROUND) is is_meant


@given(names=st.lists(st.text("abc.é- ", min_size=1).filter(lambda name: name.strip(". ")), min_size=1, max_size=5))
def test_a_path_means_itself_and_all_below(names: list[str]) -> None:
    """A plain path as a pattern means that file, and, as a folder, what is in it."""
    path = "/".join(names)
    assert matches(f"/{path}", f"/{path}", AROUND)
    assert matches(f"/{path}", f"/{path}/below", AROUND)
    assert matches(f"/{path}/**", f"/{path}/below/deep", AROUND)


@given(pattern=st.text("*?[]!a-z/\\~.", max_size=40), path=st.text("abz/.", max_size=60))
def test_no_pattern_breaks_or_hangs(pattern: str, path: str) -> None:
    """Whatever is written into the settings, there is an answer."""
    assert matches(pattern, f"/{path}", AROUND) in {True, False}


def test_many_stars_take_no_longer() -> None:
    """A pattern that would hold a regular expression up for years is answered at once."""
    assert not matches("*a" * 60 + "b", "/" + "a" * 4_000, AROUND)
    assert not matches("**/" * 60 + "b", "/" + "a/" * 200, AROUND)
