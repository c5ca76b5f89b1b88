"""Work that outlives the command that started it."""
