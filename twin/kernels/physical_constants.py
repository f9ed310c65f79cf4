"""Constants of nature and of common media that more than one kernel needs."""

import math

GRAVITY = 9.80665  # m/s2
MU0 = 4e-7 * math.pi  # H/m
AIR_DENSITY, AIR_VISCOSITY = 1.204, 1.825e-5  # kg/m3, Pa s; 20 °C, 101325 Pa
WATER_DENSITY = 1000.0  # kg/m3
