"""The loop that puts the pack in place: gather what is wanted, compare, write, keep the manifest true throughout."""
