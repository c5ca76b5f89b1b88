"""A batch whose documents are asked by workers of a Ray cluster on this machine (`./test.sh ray`)."""
