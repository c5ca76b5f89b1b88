"""Tests of the decisions about tools."""
