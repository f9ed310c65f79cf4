"""Exports of weighbridges, laboratories, sieves and shift books, read into the one CSV form that scenarios read.

Bytes become a grid of cells (:mod:`~twin.fit.tables.source`), the grid a table with a heading (:mod:`~twin.fit.tables.layout`), each column is read by itself
(:mod:`~twin.fit.tables.columns`), and one module for each kind of table makes the rows. What can be read in two ways is refused with both readings.
"""
