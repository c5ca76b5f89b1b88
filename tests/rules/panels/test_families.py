"""The family of a model without a row is read from its id, so that a gateway gives nobody a second vote."""

import pytest

from outrider.rules.panels.families import by_id

KNOWN = ("claude", "gpt", "gpt-oss", "gemini", "gemma", "llama", "local", "unknown", "")


@pytest.mark.parametrize(
    ("wire_id", "family"),
    [
        ("openai/gpt-6.1-sol", "gpt"), ("openai/gpt-oss-120b", "gpt-oss"), ("GPT-6", "gpt"),
        ("anthropic/claude-sonnet-5:beta", "claude"), ("google/gemma3:27b", "gemma"), ("llama3.3", "llama"),
        ("meta/codellama-7b", ""), ("gpt/other", ""), ("someone/brand-new", ""), ("local", ""), ("unknown/unknown", ""),
        ("", ""), ("gpt-6/", "gpt"),
    ],
)  # fmt: skip
def test_a_family_is_a_word_of_the_last_part_of_an_id(wire_id: str, family: str) -> None:
    """The longest name that stands there counts; a name within a word, or of the vendor, does not."""
    assert by_id(wire_id, KNOWN) == family
