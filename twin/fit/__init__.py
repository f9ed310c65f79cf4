"""A plant's own data: exports read into tables, stop logs fitted, measurements reconciled."""
