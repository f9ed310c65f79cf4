"""Constants of nature, of common media and of reference that more than one module needs. They stand here once, and need no compiler to be read."""

import math

GRAVITY = 9.80665  # m/s2
MU0 = 4e-7 * math.pi  # H/m
ATMOSPHERE = 101325.0  # Pa
AIR_DENSITY, AIR_VISCOSITY = 1.204, 1.825e-5  # kg/m3, Pa s; 20 °C, 101325 Pa
AIR_OXYGEN = 0.21  # by volume; the rest is counted as nitrogen
WATER_DENSITY = 1000.0  # kg/m3

COLD = 298.15  # K: enthalpies are against the elements as they are at this temperature
T0 = 1573.15  # K: where heat contents of melts are known
LEVELS = ("above 800 °C", "400 to 800 °C", "200 to 400 °C", "below 200 °C")
"""Temperature levels of waste heat, hottest first, parted at LEVEL_BOUNDS."""
LEVEL_BOUNDS = (1073.15, 673.15, 473.15)  # K
