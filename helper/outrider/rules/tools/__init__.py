"""Every decision about tools that a model may use: which are offered, under which names, within which bounds.

Pure. What a server says of its tools is a claim; what the user has written about the server is not.
"""
