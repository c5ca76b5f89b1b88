"""Which certificates are trusted: the system's, or one CA file that the user's own layer names.

Made once, and only for https. On Linux a hashed certificate folder is used where the system has one: it is looked up
on demand (1 ms), while parsing the whole bundle takes 16 ms of a call.
"""

import os
import ssl
import sys

from outrider.errors import OutriderError

BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


def tls_context(ca_file: str | None) -> ssl.SSLContext:
    """Returns a verifying context. No variable of the environment has a say."""
    if ca_file is None and sys.platform == "darwin":
        import truststore

        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_file is not None:
        path = os.path.expanduser(ca_file)
        try:
            context.load_verify_locations(cafile=path)
        except (OSError, ssl.SSLError):
            raise OutriderError(
                f"`network.ca_file` {path} holds no certificates that can be read",
                hint="name a PEM file, or take it out",
            ) from None
        return context
    paths = ssl.get_default_verify_paths()
    for folder in (paths.openssl_capath, "/etc/ssl/certs"):
        if _is_hashed(folder):
            context.load_verify_locations(capath=folder)
            return context
    for bundle in (paths.openssl_cafile, *BUNDLES):
        if os.path.isfile(bundle):
            context.load_verify_locations(cafile=bundle)
            return context
    raise OutriderError(
        "this system has no certificates to trust", hint="install its `ca-certificates`, or set `network.ca_file`"
    )


def _is_hashed(folder: str) -> bool:
    """Whether OpenSSL can look certificates up in a folder: their names end in `.0` after eight hex digits."""
    try:
        with os.scandir(folder) as entries:
            return any(
                len(entry.name) == 10 and entry.name.endswith(".0") and _is_hex(entry.name[:8]) for entry in entries
            )
    except OSError:
        return False


def _is_hex(text: str) -> bool:
    return all(letter in "0123456789abcdef" for letter in text)
