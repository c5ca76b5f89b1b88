"""Commands with commands of their own: defaults, flags before and behind, and what is mistyped."""

import pytest

from tests.cli.typing_it import Shell

FAMILIES = ("models", "providers", "keys", "thread", "config")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_plain_name_does_something(typed: Shell, family: str) -> None:
    """The plain name is its first command; a flag may stand on either side of the member's name."""
    plain = typed(family, "--json")
    assert plain.code == 0
    assert set(plain.json) == set(typed(family, plain_member(family), "--json").json)
    assert set(plain.json) == set(typed(family, "--json", plain_member(family)).json)


def plain_member(family: str) -> str:
    """Returns the member that the plain name means."""
    return "check" if family == "config" else "list"


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_comes_with_an_example(typed: Shell, family: str, flag: str) -> None:
    """The family's own help, with and without other flags, names its members and shows a command to type."""
    helped = typed(family, flag)
    assert helped.code == 0
    assert f"  outrider {family}" in helped.out
    assert "Commands:" in helped.out
    assert typed(family, "--json", flag).out == helped.out
    assert "--json" in typed(family, plain_member(family), flag).out


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        (
            ("models", "shw", "x"),
            "`outrider models` has no command `shw`",
            "did you mean `outrider models show`? see `outrider models --help`",
        ),
        (("keys", "q"), "`outrider keys` has no command `q`", "see `outrider keys --help`"),
        (("models", "show"), "missing argument 'NAME'", "see `outrider models show --help`"),
        (
            ("models", "--jsn"),
            "no such option '--jsn'",
            "did you mean `--json`? see `outrider models list --help`",
        ),
    ],
)
def test_a_mistyped_member_is_guided(typed: Shell, arguments: tuple[str, ...], error: str, hint: str) -> None:
    """One error, one hint, exit 2."""
    assert typed(*arguments) == (2, "", f"error: {error}\nhint: {hint}\n")
