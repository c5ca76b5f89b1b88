"""Whether a process still runs, by its number."""

import os


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and that nobody has buried yet does not.

    In a container the first process often buries nobody, so what was killed keeps its number for ever.
    """
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The state follows the name, which stands in brackets and may hold any byte.
            return file.read(512).rpartition(b")")[2].split()[0] not in {b"Z", b"X"}
    except (OSError, IndexError):
        return True
