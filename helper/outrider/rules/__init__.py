"""Pure policy: nouns in, decision out. Nothing here reads a file, a clock, a socket or chance."""
