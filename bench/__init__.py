"""Measurements: they print tables and judge nothing."""
