"""Several models on one question: compare, consensus, cascade, verify, each as a rule that says what to ask next.

A rule reads the question and the rounds so far and returns the next `Ask`, or a `Verdict`. It never asks, waits or
draws by chance, so the same answers always come to the same verdict.
"""
