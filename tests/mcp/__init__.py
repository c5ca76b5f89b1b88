"""Tests with real MCP servers and clients."""
