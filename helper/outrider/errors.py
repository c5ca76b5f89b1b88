"""The error tree: what a person can cause, each with the cure beside it.

OutriderError            a user's mistake: wrong usage or configuration (exit 2)
├── Refused              a policy said no: privacy, budget, secret, trust (exit 5)
└── StorageFault         a file of ours could not be read or written (exit 1)

A provider's failure is a value (`data.Failure`), never an exception. Any other exception is a bug.
"""


class OutriderError(Exception):
    """A mistake that its maker can mend, told in one line with the next command to type."""

    exit_code = 2
    kind = "usage"

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Refused(OutriderError):
    """A rule that the user set, or that protects them, said no."""

    exit_code = 5

    def __init__(self, message: str, *, hint: str, kind: str = "private") -> None:
        super().__init__(message, hint=hint)
        self.kind = kind


class StorageFault(OutriderError):
    """The disk, a mode or a lock stood in the way of a file of ours."""

    exit_code = 1
    kind = "storage"
