"""Histories that the real client wrote, and what they come to."""
