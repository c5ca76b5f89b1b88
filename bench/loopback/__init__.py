"""What measurements of many calls share: a fast server on loopback, and the clients that are compared."""
