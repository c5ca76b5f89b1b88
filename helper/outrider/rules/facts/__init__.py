"""The catalog: every model's facts, each with its source and date. Pure: bytes come in, rows go out.

A fact is what somebody published. Unknown is None, never zero; what two sources say differently is kept as a conflict.
"""
