"""A corpus of injections, what counts as an escape, and every way on which an answer leaves."""
