"""What a batch decides: how its run is called, what a document asks, how many at once, what an outage means.

Pure: documents, times and chance are arguments.
"""
