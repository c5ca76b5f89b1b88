"""The codecs: a request becomes an `HttpCall`, the bytes of a reply become an answer or a failure.

Pure. Nothing here opens a socket, reads a clock or knows a provider by name; what one endpoint does its own way
comes from its registry row and from `providers`. No JSON value and no split of the bytes makes a codec raise.
"""
