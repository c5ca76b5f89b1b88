"""The shell and the models of the command line's own tests, for the lane."""

from tests.cli.conftest import typed
from tests.cli.test_ask_tools import tooled

__all__ = ["tooled", "typed"]
