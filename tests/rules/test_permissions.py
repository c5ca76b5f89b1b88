"""The lines for Claude Code's settings, and which files such lines mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.rules.permissions import Rule, covering, deny_lines, is_covered

FOLDERS = ("/p", "/p/sub")
HOME = "/home/u"


def rule(text: str) -> Rule:
    """Returns a line of the project's settings."""
    return Rule(text=text, file="settings.json", root="/p")


@pytest.mark.parametrize(
    ("pattern", "first", "second"),
    [
        ("payroll/**", "Read(./payroll/**)", "Bash(cat *payroll/*)"),
        ("payroll/", "Read(**/payroll/**)", "Bash(cat *payroll/*)"),
        ("*.pem", "Read(**/*.pem)", "Bash(cat *.pem*)"),
        ("~/tax/**", "Read(~/tax/**)", "Bash(cat */tax/*)"),
        ("/srv/x", "Read(//srv/x)", "Bash(cat */srv/x*)"),
        ("**/hr/*.txt", "Read(**/hr/*.txt)", "Bash(cat *hr/*.txt*)"),
    ],
)
def test_a_pattern_becomes_lines(pattern: str, first: str, second: str) -> None:
    """In the client's own spelling: `//` is the root, `./` the working folder."""
    assert deny_lines(pattern)[:2] == (first, second)


@pytest.mark.parametrize(
    ("text", "path", "is_kept"),
    [
        ("Read(.env)", "/p/.env", True), ("Read(./.env)", "/p/.env", True), ("Read(./.env)", "/p/sub/.env", True),
        ("Read(**/.env)", "/p/a/.env", True), ("Read(/.env)", "/p/.env", True), ("Read(/.env)", "/p/sub/.env", False),
        ("Read(//etc/x)", "/etc/x", True), ("Read(//etc/x)", "/p/etc/x", False),
        ("Read(~/.ssh/**)", "/home/u/.ssh/id", True),
        ("Read", "/anything", True), ("Read(*)", "/anything", True), ("Edit(.env)", "/p/.env", False),
        ("Bash(cat .env)", "/p/.env", False), ("Read(.env", "/p/.env", False),
        ("Read(./secrets)", "/p/secrets/a", True),
    ],
)  # fmt: skip
def test_a_rule_means_files(*, text: str, path: str, is_kept: bool) -> None:
    """As the client reads its own rules; in doubt more is kept back."""
    assert (covering((rule(text),), (path,), folders=FOLDERS, home=HOME) is not None) is is_kept


@given(
    pattern=st.one_of(
        st.from_regex(r"[a-c]{1,3}(/[a-c*?]{1,3}){0,2}(/\*\*|/)?", fullmatch=True),
        st.from_regex(r"(~|\*\*)?/[a-c]{1,3}(/\*\.[a-c])?", fullmatch=True),
        st.sampled_from(["*.pem", "[a-c]x", "a/**/z", "./x"]),
    )
)
def test_our_own_lines_are_enough(pattern: str) -> None:
    """Who copies the lines is not warned any more; who has none, or others, is."""
    assert is_covered(pattern, (rule(deny_lines(pattern)[0]),), folders=FOLDERS, home=HOME)
    assert not is_covered(pattern, (), folders=FOLDERS, home=HOME)
    assert not is_covered(pattern, (rule("Read(./other/zzz)"),), folders=FOLDERS, home=HOME)
