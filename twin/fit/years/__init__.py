"""Years of weather, heat demand, sun and prices, and plans of heat: made before a run, written to a CSV that scenarios read as series."""
