"""The MCP server on stdio: a client asks models, panels and past runs as tools, under the walls of the command line.

The only room that knows the server side of the protocol's library. One process serves one client for as long as the
client lives: the book, the connections and the registry are kept, and what of them changes on disk is read again.
"""
