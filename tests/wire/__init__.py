"""The codecs, shown by requests out and replies in: exact bodies, exact outcomes."""
