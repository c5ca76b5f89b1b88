"""Names what a client library met on the way, in our words and by what had been sent when it happened.

One table for the blocking and the crowded way out. A bug stays an exception.
"""

import os
import socket
import ssl
from collections.abc import Mapping

import httpcore2
import httpx2

from outrider.data import Certainty, Fault
from outrider.doors.transport.deadline import Deadline

LONGEST_HEADER = 65_536
LONGEST_ERROR = 1_048_576


class NotLocal(Exception):
    """The peer is not on the user's machines, and the call is bound to them."""


def packed(headers: Mapping[str, str]) -> Fault | None:
    """Returns the fault of an answer that was packed though nobody asked for it."""
    packing = headers.get("content-encoding", "identity")
    if packing.lower() in {"", "identity"}:
        return None
    message = f"the answer is packed ({packing[:40]}), which was not asked for"
    return Fault(kind="too_large", certainty="in_doubt", message=message)


def too_large(limit: int) -> Fault:
    """Returns the fault of an answer with more bytes than are read."""
    return Fault(kind="too_large", message=f"the answer has more than {limit:,} bytes", certainty="in_doubt")


def named(fault: Exception, deadline: Deadline) -> Fault | None:
    """Returns the fault that an exception is; one that is none is raised again."""
    cause = fault.__cause__ or fault.__context__
    certainty: Certainty = "in_doubt" if deadline.sent else "not_sent"
    match fault:
        case NotLocal():
            return Fault(kind="private", message="the address led to a machine that is not local", certainty="not_sent")
        case httpcore2.TimeoutException():
            return Fault(kind="timeout", message=deadline.reason(), certainty=certainty)
        case httpcore2.ConnectError() | httpcore2.ProxyError():
            while cause is not None and not (isinstance(cause, OSError) and cause.errno):
                cause = cause.__cause__ or cause.__context__
            if isinstance(cause, ssl.SSLError):
                return Fault(kind="tls", message=f"TLS failed: {_words(cause)}", certainty="not_sent")
            return Fault(kind="network", message=f"cannot connect: {_words(cause or fault)}", certainty="not_sent")
        case httpcore2.ReadError() | httpcore2.WriteError():
            if deadline.bytes_read:
                return Fault(kind="incomplete", message="the answer broke off", certainty=certainty)
            return Fault(kind="network", message="the connection broke", certainty=certainty)
        case httpcore2.RemoteProtocolError():
            return _protocol_fault(fault, deadline, certainty)
        case httpcore2.LocalProtocolError() | httpcore2.UnsupportedProtocol() | httpx2.InvalidURL():
            return Fault(kind="bad_request", message=f"cannot be sent: {_words(fault)}", certainty="not_sent")
        case UnicodeError() if not deadline.sent:
            return Fault(kind="bad_request", message="cannot be sent: no such name can exist", certainty="not_sent")
        case _:
            raise fault


def _protocol_fault(fault: Exception, deadline: Deadline, certainty: Certainty) -> Fault:
    words = str(fault)
    if not deadline.bytes_read:
        return Fault(kind="network", message="the connection was closed without an answer", certainty=certainty)
    if "incomplete" in words or "closed connection" in words:
        return Fault(kind="incomplete", message="the answer broke off", certainty=certainty)
    if deadline.bytes_read >= LONGEST_HEADER and "too long" in words:
        return Fault(kind="too_large", message="the header of the answer has no end", certainty=certainty)
    return Fault(kind="bad_response", message="the answer is not HTTP", certainty=certainty)


def _words(fault: BaseException) -> str:
    if isinstance(fault, OSError) and not isinstance(fault, ssl.SSLError | socket.gaierror) and fault.errno:
        return os.strerror(fault.errno)  # an event loop puts words of its own there
    text = getattr(fault, "strerror", None) or getattr(fault, "reason", None) or str(fault) or type(fault).__name__
    return str(text)[:200]
