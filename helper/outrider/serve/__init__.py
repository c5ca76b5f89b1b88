"""The local endpoint: OpenAI's Chat Completions in front, the same decisions, walls and book as `ask` behind.

A front, like the command line: it reads requests, decides and asks through the rooms below, and tells what came of it.
On loopback, for the user's own programs; a web page in a browser is not one of them.
"""
