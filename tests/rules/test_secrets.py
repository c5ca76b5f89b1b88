"""Keys: which names, which values, and nothing repeated."""

import pytest

from outrider.doors import keys as keys_door
from outrider.errors import OutriderError
from outrider.rules import secrets
from tests.rules.small import registry

PROVIDERS = registry().providers


@pytest.mark.parametrize(
    ("name", "variable"),
    [("cloud", "CLOUD_KEY"), ("CLOUD_KEY", "CLOUD_KEY"), ("CLOUD_2", "CLOUD_2")],
)
def test_a_variable_or_a_provider_names_a_key(name, variable) -> None:
    """A provider stands for its first variable."""
    assert secrets.variable_for(name, PROVIDERS) == variable


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("box", "box needs no key", "run `outrider providers` to see which do"),
        (
            "CLOUD_KYE",
            "`CLOUD_KYE` is neither a provider nor a variable that one reads",
            "did you mean `CLOUD_KEY`? run `outrider providers`",
        ),
        ("ELSEWHERE", "`ELSEWHERE` is neither a provider nor a variable that one reads", "run `outrider providers`"),
        ("sk-proj-0123456789", "this is neither a provider nor a variable that one reads", "run `outrider providers`"),
        ("x" * 40, "this is neither a provider nor a variable that one reads", "run `outrider providers`"),
        (
            "ANTHROPIC_API_KEY",
            f"ANTHROPIC_API_KEY is not read: {secrets.why_foreign()}",
            "for API billing run `outrider keys set OUTRIDER_ANTHROPIC_API_KEY`",
        ),
    ],
)
def test_any_other_name_is_refused(name, message, hint) -> None:
    """The nearest name is guessed, what may be a key is not printed, and Claude Code's own is explained."""
    with pytest.raises(OutriderError) as told:
        secrets.variable_for(name, PROVIDERS)
    assert (told.value.message, told.value.hint) == (message, hint)


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("abc-1\n", "abc-1"),
        ("  'abc'  ", "abc"),
        ('"abc"\r\n', "abc"),
        ("K=abc", "abc"),
        ("export K='abc'", "abc"),
        ("a=b", "a=b"),
        ("'", "'"),
    ],
)
def test_a_key_is_taken_out_of_what_was_copied(typed, key) -> None:
    """Line ends, quotes and the variable's own name are taken off."""
    assert secrets.checked(typed, variable="K") == key


@pytest.mark.parametrize(
    ("typed", "why"),
    [("", "no key was given"), ("K=", "no key"), ("two words", "a space"), ("a\nb", "a space"), ("ä", "a space"),
     ("x" * 9_000, "more than")],
)  # fmt: skip
def test_what_is_no_key_is_refused(typed, why) -> None:
    """The value is not in the message."""
    with pytest.raises(OutriderError, match=why) as told:
        secrets.checked(typed, variable="K")
    assert not typed or typed not in told.value.message


@pytest.mark.parametrize(("value", "whether"), [("abc", True), ("", False), ("two words", False), ("\u00e4", False)])
def test_a_value_of_a_file_is_taken_as_it_is_or_not_at_all(value, whether) -> None:
    """Nothing is taken off what an env file says."""
    assert secrets.is_key(value) is whether


def test_there_is_one_list_of_foreign_variables() -> None:
    """The door that reads keys and the rule that explains them mean the same."""
    assert secrets.FOREIGN == keys_door.FOREIGN
    assert secrets.foreign_hint({}) == "run `outrider providers`"
