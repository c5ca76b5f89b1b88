"""Makes certificates for tests with the machine's own openssl; without one the tests say so, loudly."""

import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A self-signed certificate and its key, as files; the certificate is its own authority."""

    file: Path
    key: Path

    def server_side(self) -> ssl.SSLContext:
        """Returns what a server needs to show it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file, self.key)
        return context


def make_certificate(folder: Path, *, names: str = "IP:127.0.0.1,DNS:localhost") -> Certificate:
    """Makes a certificate for these names, good from now on."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("LOUD: no openssl on this machine, so certificates are not tested")
    made = Certificate(file=folder / "certificate.pem", key=folder / "key.pem")
    command = [
        openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
        "-subj", "/CN=test", "-addext", f"subjectAltName={names}",
        # From 3.13 on, Python's own default contexts refuse an authority that does not say so.
        "-addext", "keyUsage=critical,digitalSignature,keyCertSign",
        "-keyout", str(made.key), "-out", str(made.file),
    ]  # fmt: skip
    subprocess.run(command, capture_output=True, check=True)
    return made


def expired(made: Certificate) -> Certificate:
    """Lets a certificate's time be over."""
    file = made.file.with_name("expired.pem")
    command = ["openssl", "x509", "-in", str(made.file), "-signkey", str(made.key), "-days", "-1", "-out", str(file)]
    subprocess.run(command, capture_output=True, check=True)
    return Certificate(file=file, key=made.key)
