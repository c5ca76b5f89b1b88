"""Tests of the MCP server: in this process with the official client, and as a process where that matters."""
