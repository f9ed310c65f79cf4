"""Kernels and plant of the WEEE line as they were at commit 3751557, for the peers alone. Never edited.

What is measured against must stand still. If the peers took kernels, formulas or the plant from ``twin``, a change there could make them slower, other
or no peers at all, and the figures would say nothing of it. So what they need is copied here:

- the kernels of the kinds of the line, with ``prepare`` and ``apply``, and the evaluator of lines as it was, out of ``twin/kernels``: whole functions,
  word for word but for the names of the modules; those that nobody here needs are left out, and ``compile.py`` has a folder of its own for compiled code;
- the belts of the particle mode's peer, in ``particles.json``, written in the same way;
- the plant without its stops, in ``weee_plant.json``, written by ``benchmarks/freeze.py`` with the code of that commit: layout of the lines, tables and
  parameters in SI units, the hours at which trucks come. ``plant.py`` reads it. Deliveries come from the file that the engine reads too;
- the streams of random numbers, from which rates are drawn, out of ``twin/engine``.

Where the engine or the example comes to another result, the benchmarks fail. Whoever means that change freezes anew, in a commit that says so.
"""
