"""Private means private: a call bound to the user's machines reaches no other, whatever its name says."""

import subprocess
import sys
from pathlib import Path

import pytest

from outrider.rules.privacy import is_local_address
from tests.doors.transport.asking import WAYS, Way

ROOT = Path(__file__).parents[3]
IN_A_NETWORK_OF_ITS_OWN = """
import ctypes, fcntl, os, socket, struct, sys
user = 0 if os.geteuid() == 0 else 0x10000000
if ctypes.CDLL(None, use_errno=True).unshare(0x40000000 | user):
    sys.exit(77)
control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
address = struct.pack("16sH2s4s8x", b"lo:1", socket.AF_INET, b"", socket.inet_aton("8.8.8.8"))
try:
    fcntl.ioctl(control, 0x8914, struct.pack("16sH14x", b"lo", 0x49))
    fcntl.ioctl(control, 0x8916, address)
except OSError:
    sys.exit(77)
import threading
from tests.doors.transport.asking import WAY, a_call, ask, read_head
WAY.set(sys.argv[1])
listener = socket.create_server(("8.8.8.8", 0))
heard = []
def take():
    while True:
        connection = listener.accept()[0]
        heard.append(read_head(connection))
        connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n")
        connection.close()
threading.Thread(target=take, daemon=True).start()
url = "http://8.8.8.8:%d/" % listener.getsockname()[1]
private = ask(a_call(url, local_only=True))
print(private.fault.kind, private.fault.certainty, private.heard.status)
print(ask(a_call(url)).heard.status)
print(sum(map(bool, heard)))
"""


@pytest.mark.parametrize("way_out", WAYS)
def test_a_private_call_sends_not_a_byte_to_another_machine(way_out: Way) -> None:
    """In a network of its own, where a public address answers: connected, recognised, and left without a word."""
    if not sys.platform.startswith("linux"):
        pytest.skip("LOUD: only Linux gives a process a network of its own, so the private wall is not tested")
    done = subprocess.run(
        [sys.executable, "-c", IN_A_NETWORK_OF_ITS_OWN, way_out], cwd=ROOT, capture_output=True, text=True, check=False,
        env={"PYTHONPATH": f"{ROOT / 'helper'}:{ROOT}"}, timeout=20,
    )  # fmt: skip
    if done.returncode == 77:
        pytest.skip("LOUD: this machine gives us no network of our own, so the private wall is not tested")
    assert (done.stdout.splitlines(), done.stderr) == (["private not_sent None", "200", "1"], "")


@pytest.mark.parametrize(
    ("address", "is_local"),
    [
        ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("10.0.0.1", True), ("192.168.1.1", True),
        ("172.16.0.1", True), ("172.32.0.1", False), ("100.64.0.1", True), ("100.128.0.1", False),
        ("fd00::1", True), ("fe80::1%eth0", True), ("::ffff:10.0.0.1", True), ("::ffff:8.8.8.8", False),
        ("8.8.8.8", False), ("2606:4700::1", False), ("0.0.0.0", False), ("::", False), ("240.0.0.1", False),
        ("", False), ("localhost", False), ("127.0.0.1.evil.test", False), ("::ffff:100.64.0.1", True),
    ],
)  # fmt: skip
def test_a_peer_is_local_by_its_address_alone(*, address: str, is_local: bool) -> None:
    """What the connected socket says counts: loopback, private and carrier-NAT addresses, in both versions."""
    assert is_local_address(address) is is_local
