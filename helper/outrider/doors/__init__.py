"""The only rooms that touch the world: files, keys, the ledger, the network, each outside library in one place."""
