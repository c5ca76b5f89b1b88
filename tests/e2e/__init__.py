"""End to end on the real Claude Code client, against a scripted Messages API on loopback (`./test.sh e2e`).

No request leaves this machine and no account is used: the client is a pinned package from npm, kept in `.cache`.
"""
