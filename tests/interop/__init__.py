"""Other tools' settings in, and ours out."""
