"""How materials break: the names of the laws, without what computes them."""

LAWS = ("brittle", "ductile", "rubber", "fibre")
"""It shatters; it is torn, sheared and crumpled; it stretches and tears across; it is pulled apart. In the order of their numbers in kernels."""
