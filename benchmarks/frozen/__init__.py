"""Kernels and plant of the WEEE line for the peers alone. Never edited.

What is measured against must stand still. If the peers took kernels, formulas or the plant from ``twin``, a change there could make them slower, other
or no peers at all, and the figures would say nothing of it. So what they need is copied here:

- the evaluator of lines as it was at commit 3751557, out of ``twin/kernels``: whole functions, word for word but for the names of the modules; those that
  nobody here needs are left out, and ``compile.py`` has a folder of its own for compiled code;
- the kernels of the kinds of the line as they were at commit 4c41df5, when machines came to work on pieces and mills to break by the law of a material:
  ``prepare`` word for word, but that no part comes off a composite in sizes of its own; in ``apply``, for that evaluator, what the engine has in two
  functions, one for the conditions and one for the shares;
- the belts of the particle mode's peer, in ``particles.json``, written in the same way;
- the plant without its stops, in ``weee_plant.json``, written by ``benchmarks/freeze.py`` with the code of commit 4c41df5: layout of the lines, tables,
  parameters and pieces in SI units, the hours at which trucks come. ``plant.py`` reads it. Deliveries come from the file that the engine reads too;
- the streams of random numbers, from which rates are drawn, out of ``twin/engine``.

Where the engine or the example comes to another result, the benchmarks fail. Whoever means that change freezes anew, in a commit that says so.
"""
