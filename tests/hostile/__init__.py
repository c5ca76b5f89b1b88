"""Attacks from outside: a checkout, an environment or a server that wants keys, prompts or code to run."""
