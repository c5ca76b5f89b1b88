"""Outrider: Claude Code leads, other models ride out for it."""

__version__ = "0.4.0"
