"""Tests of the network door: real sockets on loopback, and nothing of ours replaced."""
