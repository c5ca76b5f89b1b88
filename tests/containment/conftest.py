"""The same shell and the same provider on loopback as the commands' own tests have."""

from tests.cli.conftest import models, typed

__all__ = ["models", "typed"]
