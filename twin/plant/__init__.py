"""A plant: its topology, how it is built, run and saved, and its accounts."""
