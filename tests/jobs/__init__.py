"""Tests of work that outlives the command that started it."""
