"""The local endpoint, asked by the official SDK and by whoever means it ill."""
