"""Tool servers: programs and addresses that speak MCP, started or reached, listed, called, and ended.

The only room that imports the client side of the `mcp` library, and only where a server is really wanted: it takes
half a second. What a server says is data; what it may do is decided in `rules/tools`.
"""
