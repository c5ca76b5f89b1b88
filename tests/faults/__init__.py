"""The failure table, attacked from outside: a provider that misbehaves on purpose, and what must come of it."""
