"""Keys are taken out of foreign text: cut in half, and while they are still arriving."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.rules.redaction import REDACTED, ready, redact, without

KEY = "zq9-canary-0123456789abcdef"
values = st.lists(st.text(alphabet="ab-", min_size=8, max_size=20), min_size=1, max_size=4).map(tuple)


@pytest.mark.parametrize("size", [6, 12, len(KEY) - 1])
@pytest.mark.parametrize("end", ["", "…", "...", " "])
def test_a_key_that_somebody_cut_is_taken_out(size: int, end: str) -> None:
    """The first half of a key at the end of a text goes as the whole would."""
    assert redact(f"bad key {KEY[:size]}{end}", (KEY,)) == f"bad key {REDACTED}{end}"


@given(values, st.lists(st.sampled_from(["a", "b", "-", "ab", " "]), max_size=60))
def test_no_key_is_shown_while_it_arrives(keys: tuple[str, ...], pieces: list[str]) -> None:
    """However a text is split, what is shown holds no key, and is the beginning of the whole without keys."""
    shown, held = "", ""
    for piece in pieces:
        sure, held = ready(held + piece, keys)
        shown += sure
    whole = "".join(pieces)
    assert not any(key in shown for key in keys)
    assert whole.startswith(shown) or REDACTED in shown or any(key in whole for key in keys)
    if not any(key in whole for key in keys):
        assert shown + held == without(whole, keys) == whole
