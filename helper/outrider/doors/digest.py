"""One digest for everything that is compared by content.

Taken from the interpreter's own module where it has one: `hashlib` loads all of OpenSSL for it, which is 4 % of a
start.
"""

try:
    from _blake2 import blake2b
except ImportError:
    from hashlib import blake2b

__all__ = ["blake2b"]
