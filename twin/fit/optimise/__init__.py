"""The best setting of a plant: a search, a choice among finalists where runs decide, and a verdict on fresh random numbers."""
