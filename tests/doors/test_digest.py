"""One digest for everything, the same wherever it runs."""

import hashlib

from outrider.doors.digest import blake2b


def test_the_digest_is_blake2b_wherever_it_comes_from() -> None:
    """What one Python stored another recognises."""
    for data in (b"", b"x", b"y" * 10_000):
        assert blake2b(data, key=b"k" * 32, digest_size=8).digest() == (
            hashlib.blake2b(data, key=b"k" * 32, digest_size=8).digest()
        )
