"""Results files: their layout, writing and reading them, the KPI table.

Modules: ``layout`` (the table of variables); ``create``, ``write`` and ``replace`` (a file appears whole or not at all); ``check`` and
``read``; ``digest``; ``state`` (saved states); ``tally`` and ``kpis`` (key figures from the arrays); ``provenance`` (versions, processor).
"""
