"""A book in memory: a thousand small runs wait for the disk for most of their time, and it is not the disk we test."""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

MEMORY = "/dev/shm"


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """Gives an empty folder, in memory where the machine has such a place."""
    with TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None, prefix="outrider-faults-") as folder:
        yield Path(folder)
