"""Which helper a file of settings was written for."""

import pytest

from outrider.rules.requires import is_met, unmet


@pytest.mark.parametrize(
    ("wanted", "version", "met"),
    [
        (">=1.2", "1.2", True),
        (">=1.2", "1.2.0", True),
        (">=1.2.0", "1.2", True),
        (">=1.2", "1.10", True),
        (">=1.10", "1.9.9", False),
        (">=1", "0.9.9", False),
        (">= 1", "1.0.0", True),
        (">=1.2.3", "1.2.2", False),
        (">=1.2", "1.2rc1", False),
        (">=1.2", "1.2.0.dev4", False),
        (">=1.2", "1.3.0a1", True),
        (">=1.2", "1.2.post1", True),
        (">=1.2", "1.2+local", True),
        ("~=1.2", "0.1", True),
        ("", "0.1", True),
        (">=1.2", "unknown", True),
    ],
)
def test_versions_are_compared_by_their_numbers(wanted: str, version: str, *, met: bool) -> None:
    """Missing numbers are zero, a pre-release comes before its release, and what nobody can read stops nobody."""
    assert is_met(wanted, version) is met


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({}, []),
        ({"requires": ">=0.3"}, []),
        ({"requires": 9}, []),
        ({"requires": ">=9.1"}, ["/p asks for outrider >=9.1, and this is 0.3.0: see `outrider upgrade`"]),
    ],
)
def test_a_file_for_a_later_helper_is_told(said: dict[str, object], told: list[str]) -> None:
    """In one sentence, with both versions and the next command."""
    assert list(unmet(said, path="/p", version="0.3.0")) == told
