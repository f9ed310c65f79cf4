"""The words between the tables of the reference pages."""

from __future__ import annotations

SCENARIO_HEAD = """\
# Scenario reference

A plant is one YAML file, read like a flowsheet: each unit says what it takes from. This page lists every key with what may be written, its default and
where the default comes from. What a plant then does is told in [the engine](../engine.md), what each machine does to the material in
[machines](machines.md).

- The file is UTF-8, at most 16 MiB. Text that YAML would read as something else (`no`, `1e3`, `12:30`, `010`), tags, merge keys and keys that stand twice are
  errors, not surprises.
- All errors are reported at once, one a line: `file:line:column path: what is wrong (got …)`, and what is allowed.
- A first line `# yaml-language-server: $schema=scenario.schema.json` lets editors complete keys; `twin schema -o scenario.schema.json` writes that file.
- Names of units, ports, calendars and resources are small letters, digits and `_`, and begin with a letter. Elements, materials and groups of
  materials share one namespace.
"""

CHANGES = """\
## Plant changes

A scenario that `extends` another writes only what differs. It has `twin`, `extends`, and if you like `name`, `title`, `change` and `remove`:

```yaml
twin: 1
extends: weee_line.yaml            # relative to this file; that one may extend another
name: finer
change:
  units.screen.aperture: 10 mm     # a path and its new value
  units.polisher: {kind: screen, from: screen.undersize, aperture: 4 mm, area: 2 m2}
  units.magnet.from: polisher.undersize
  units.coarse: {kind: product, from: polisher.oversize}
remove: [units.shredder.maintenance]
```

A mapping given to a path replaces what stood there. A number that is changed does not keep the source of the one before; it is `assumed`, "a change",
unless it says more. `remove` takes place before `change`. The same paths serve `--set` on the command line, `.change({...})` in Python, and `events`,
which change parameters while the plant runs.
"""

VALUES = """\
## Values

### Quantities

A number with its unit: `20 t/h`, `15 min`, `1300 °C`, `0.18 EUR/kWh`. A bare number where a unit is needed is an error, and so is a unit of another
measure. A share may be written `40 %` or `0.4`. The point is the decimal sign; there are no thousands separators. All units stand
[below](#units-of-measure). In the tables, a value such as *length > 0* is a quantity.

### Basis and source

Any value, also a mapping or a list, may say where it comes from:

```yaml
rate: {value: 20 t/h, basis: measured, source: "weigh belt, March 2026"}
gap: {value: 50 mm, basis: assumed, low: 40 mm, high: 65 mm, source: "supplier"}
```

`basis` is `measured`, `literature`, `calibrated` or `assumed` (where not given). `calibrated` is what was fitted to the plant's own data with this model; its
`source` names them with their hash, e.g. `fit to march.csv, sha256 8f048aee5839`. An assumed value may carry `low` and `high`, which span what a study may
sweep; of a measured or calibrated one they are its interval. `note`
is free text. A unit's own `basis` and `source` hold for those of its numbers that do not say theirs. All of it goes to `/parameters` of the results.

### Distributions

Where the tables say so, a value may be drawn: `{form: {parameter: quantity}}`. Each draw inverts one uniform number. `min` and `max` clip a draw (it is
not drawn again). Draws are never negative: a normal distribution is clipped at 0, any other form that reaches below 0 is refused. A rate is not drawn
below 1 % of its mean. Parameters with `?` may be left out.
"""

DISTRIBUTIONS: dict[str, str] = {
    "constant": "the same each time; `2 h` is short for `{constant: 2 h}`",
    "uniform": "all values from low to high alike; also `{uniform: [1 h, 2 h]}`",
    "normal": "mean and standard deviation, before clipping",
    "lognormal": "mean and standard deviation of the value itself, not of its logarithm",
    "triangular": "rises from low to mode and falls to high",
    "exponential": "the time between independent events",
    "weibull": "1 − exp(−(x/scale)^shape); shape above 1: what ages",
    "gamma": "mean, and shape k: the standard deviation is mean/√k",
    "geometric": "whole multiples of `step` (1 in SI where not given), from one step, of that mean",
    "empirical": "a table of values, linear between them; at the `cumulative` shares from 0 to 1, else sorted and evenly spaced",
    "discrete": "one of the values, with the `weights`, else all alike",
}

WRITTEN_VALUES = """\
```yaml
every: {exponential: {mean: 45 min}}
mass: {normal: {mean: 12 t, sd: 1.5 t, min: 6 t}}
mttr: {empirical: {values: [20 min, 1 h, 6 h], cumulative: [0, 0.7, 1]}}
```

`mtbf` and `mttr` are an exception to the short form: a bare quantity is the mean of an exponential distribution; `{constant: 2 h}` is fixed.

### Calendars

Open periods of the day, by `daily`, `weekdays`, `weekend` or `monday` to `sunday`, the more special one holds; less `holidays` and `closed` periods. Times
are local and naive. `22:00-06:00` passes midnight, `00:00-24:00` is the whole day. The calendar `always` needs no definition.

```yaml
calendars:
  two_shift:
    weekdays: ["06:00-14:00", "14:00-22:00"]
    saturday: "06:00-14:00"
    holidays: [2026-12-25]
    closed: [{from: 2026-08-03, to: 2026-08-14}]
```

### Compositions

Shares by material that sum to 1 within 1e-6: `{steel: 60 %, copper: 40 %}`.

### Size distributions

One law for all materials, or one each by material, group or `default`. `rosin_rammler` (x63, n): the share finer than d is 1 − exp(−(d/x63)^n). `ggs` (k,
a): (d/k)^a up to k. A list: the share of each size class. `{csv: psd.csv}`: a sieving, with the columns `size_mm` and `passing`, the share finer (or a
column for each material), as [`twin import`](../importing.md) writes it. Without one, all is in the last class. More than 5 % coarser than the largest of
`size_bounds` is an error; less is counted to the last class.

```yaml
size: {default: {rosin_rammler: {x63: 90 mm, n: 1.4}}, dust: {ggs: {k: 4 mm, a: 0.7}}}
```

### Partition tables

For each port but the last the share of each material that it takes; the last port takes what is left. A key is a material, a group or `default`, and the
more special one holds. A share is one number, a list with one for each size class, or a mapping of sizes to shares, between which it is linear in the
logarithm of the size.

```yaml
partition:
  accept: {copper: 92 %, metals: [10 %, 20 %, 40 %], plastics: {1 mm: 2 %, 16 mm: 8 %}, default: 1 %}
```

`partition: {csv: measured.csv}` reads the columns `material` (`*` for default), if you like `size_mm`, and one for each port.

### Specifications and prices

`spec` holds limits on shares of elements, materials or groups. `price` is paid for each mass of product, or of what is named in it, `payable` for a share
of that.

```yaml
spec: {Cu: ">= 92 %", plastics: "<= 3 %"}
price: {Cu: {value: 6 EUR/kg, payable: 92 %}, Au: 40 EUR/g}
```

### Schedules

A CSV of deliveries: `timestamp` (dates) or a time since the start with its unit (`time_h`), `mass_t`, and if you like one column of shares for each
material. Times must not fall.

```csv
timestamp,mass_t,steel,plastics
2026-01-05T07:30,11.2,0.62,0.38
2026-01-05T09:10,12.4,0.55,0.45
```
"""

UNITS_HEAD = """\
`units` maps names to units; their order breaks ties in time. `kind` says what a unit is, `from` what it takes from: `yard`, a bunker, feed or conveyor;
`screen.oversize`, a port. Where a unit has one port, its name is enough. Every port must lead somewhere, and to one taker.
"""

POLICIES = """\
`policies` maps names to decisions that are taken again and again while the plant runs ([page](../policies.md)). The keys below are those of every policy; the
parameters of the one that `policy` names stand beside them. [Events](#events) may change a parameter, and `every`: `policies.pace.low`.
"""

QUANTITIES = """\
One name everywhere: in `reads` of a policy, in `Result.quantity(name)` and in `Simulation.observe(names)`. BUNKER, STREAM and so on stand for a label of the
axis of that name in the [results file](file_layout.md); GATE is a feed or product.
"""

MACHINES_HEAD = """\
Machines with no bunker between them form a line: they run, wait and stop as one ([engine](../engine.md#lots-and-lines)). The first one takes from a
bunker. A kind of your own is added [without touching twin](../adding_a_machine.md).
"""

EXAMPLES: dict[str, str] = {
    "hammer_mill": """\
mill: {kind: hammer_mill, from: yard, rate: 10 t/h, grate: 30 mm, wear: {parameter: hammer_edge, per: 500 t, change: -5 %}}
""",
    "manual_picking": """\
belt: {kind: manual_picking, from: yard, rate: 1 t/h, targets: [pet_tray], pickers: 3}
""",
    "robot": """\
robots: {kind: robot, from: yard, rate: 0.5 t/h, targets: [pet_tray], arms: 2}
""",
    "trommel": """\
drum: {kind: trommel, from: yard, aperture: 60 mm, diameter: 2.5 m, length: 6 m, speed: 12 rpm}
""",
    "magnetic_drum": """\
drum_magnet: {kind: magnetic_drum, from: shredder, field: 0.3 T, gap: 15 cm}
""",
    "density_separator": """\
bath: {kind: density_separator, from: eddy.heavy, rate: 5 t/h, cut: 2300 kg/m3}
""",
    "corona_separator": """\
roll: {kind: corona_separator, from: granulate, rate: 700 kg/h, voltage: 32 kV}
""",
    "feed": """\
deliveries:
  kind: feed
  every: {exponential: {mean: 45 min}}
  mass: {normal: {mean: 12 t, sd: 1.5 t}}
  composition: {steel: 60 %, plastics: 40 %}
  variability: {concentration: 40}
  size: {rosin_rammler: {x63: 90 mm, n: 1.4}}
  queue_limit: 8
  unload: {time: 10 min, needs: loader}
""",
    "bunker": """\
yard: {kind: bunker, from: deliveries, capacity: 600 t, discharge: fifo, initial: {mass: 250 t}}
""",
    "conveyor": """\
belt: {kind: conveyor, from: magnet.rest, transit: 3 min, capacity: 2 t, power: {idle: 4 kW}}
""",
    "product": """\
copper:
  kind: product
  from: copper_bay
  pickup: {every: 1 d, mass: 24 t, minimum: 12 t}
  spec: {Cu: ">= 92 %"}
  price: {Cu: {value: 6 EUR/kg, payable: 92 %}}
""",
    "shredder": """\
shredder: {kind: shredder, from: yard, recycle: screen.oversize, rate: 25 t/h, gap: 50 mm, power: {idle: 60 kW, specific: 18 kWh/t},
           failures: {mtbf: 40 h, mttr: 90 min}, wear: {parameter: gap, per: 1000 t, change: +6 %, replace_after: 4000 t}}
""",
    "screen": """\
screen: {kind: screen, from: shredder, aperture: 40 mm, area: 6 m2}
""",
    "overband_magnet": """\
magnet: {kind: overband_magnet, from: screen.undersize, field: 0.6 T, height: 250 mm}
""",
    "eddy_current": """\
eddy: {kind: eddy_current, from: magnet.rest, count: 2, when_down: bypass, bypass_to: rest, rotor_speed: 3000 rpm}
""",
    "air_classifier": """\
sifter: {kind: air_classifier, from: screen.undersize, velocity: 8 m/s, area: 0.6 m2}
""",
    "suction_hood": """\
hood: {kind: suction_hood, from: belt, velocity: 22 m/s, distance: 250 mm}
""",
    "separator": """\
sorter: {kind: separator, from: eddy.rest, ports: [boards, rest], rate: 3 t/h, partition: {boards: {pcb: 90 %, default: 4 %}}}
""",
    "splitter": """\
divider: {kind: splitter, from: bay, shares: {left: 60 %, right: 40 %}}
""",
}

MEASURES = """\
Products with a blank, one `/`, whole powers: `kJ/(kg K)`, `m2`, `t/(h m)`. Below a `/` several units stand in brackets. A volume of gas in `Nm3` is at 0
°C and 101 325 Pa. Inside, and in the files, everything is SI.
"""

SI = ("1", "kg", "m", "s", "m3", "K", "A", "mol", "EUR", "rad", "Nm3", "J", "W", "V", "T", "Pa", "N", "1/s")
"""The SI units after which the groups of symbols are called."""
KINDS_OF_MEASURE = {"S": "electric conductance", "1": "number, share"}

KPI_HEAD = """\
# Key figures

One definition each, computed from the arrays in a results file, and stored in its group `/summary`. All are taken over the *window*: the record steps that
begin at or after the warm-up. A ratio whose denominator is 0 is NaN, which tables show as a dash.

`<X>` is an element, a material or a group of materials. The *targets* of a product are those it names, else what it prices and what its specification asks
for at least. `<line>` is the name of the line's first machine, `<feed>`, `<product>`, `<machine>` and `<carrier>` are those of the scenario.
"""

KPI_TAIL = """\
Values are in SI; the command line, notebooks and `twin compare` show them in a readable unit. One run is one history: its figures carry no interval. Run
several [replications](../getting_started.md#is-it-chance) to tell a change from chance.

*Planned time* is the window without off-shift and planned maintenance. Recovery is over what was processed, never over what was delivered, and it is not
the recycling rate of the law.

## Times after ISO 22400-2

The standard's names for the times behind these figures, given here from memory of it:

| here | ISO 22400-2 |
|---|---|
| window without off-shift | planned operation time (POT) |
| `maintenance`, in that | planned down time (PDOT) |
| planned time: POT less PDOT | planned busy time (PBT) |
| `running` | actual production time (APT) |
| time down (`/units/down_share`), of a machine by copy | actual unit down time (ADOT) |
| `waiting`, `blocked`, `starved` | actual unit delay time (ADET) |
| one repair, its wait included | time to repair (TTR) |

What the standard calls availability, APT over PBT, is `utilisation.<line>` here. `availability.<machine>` is 1 - ADOT over PBT: the share of the planned
time in which a copy of the machine could work. A machine that is down while its line is off shift or in planned maintenance is off shift or in maintenance. It
is down from the failure to the end of the repair; `repair_wait.<machine>` is the part in which nobody was free to begin. Of several copies both are the mean.
"""

LAYOUT_HEAD = """\
# Results file

One run, one HDF5 file, which `h5py` reads and xarray opens as a tree of datasets with coordinates and units. Arrays are stacked, with labelled axes;
numbers are float64 in SI (counts are integers), gzip-compressed with checksums; text is UTF-8. The file is written under another name in the same folder
and renamed when it is complete, so a killed run leaves the old file or the new one.

A plant to look at, and what xarray makes of its file:

```bash
twin new plant.yaml
twin run plant.yaml --set time.horizon="4 d" --set record.genealogy=true -o plant.h5
```

```python
import xarray

tree = xarray.open_datatree("plant.h5", engine="h5netcdf")
flow = tree["streams"]["mass_flow"]
print(flow.dims, flow.attrs["units"])

steel = flow.sel(stream="magnet.steel", material="steel").resample(time="1D").mean()
print((steel * 3.6).round(2).values)  # t/h, day by day

states = tree["units"]["state_share"].sel(unit="eddy").mean("time")
print({str(name): round(float(share), 3) for name, share in zip(states["state"].values, states.values)})

parameters = tree["parameters"].to_dataset(inherit=False).to_dataframe()  # without the coordinates of all other groups
print(parameters[parameters["path"] == "units.magnet.field"][["value", "unit_of_measure", "basis"]].to_string(index=False))
tree.close()
```

```text
('time', 'stream', 'material') kg/s
[…]
{'off_shift': …, 'running': …}
 value unit_of_measure   basis
  0.45               T assumed
```

The same without xarray: `twin.open("plant.h5")` checks the file and gives `.kpis`, `.array("streams/mass_flow")`, `.dims(...)`, `.unit(...)`, `.scenario`,
`.files`, `.attrs`, `.digest`, and, where xarray is installed, `.dataset("streams")`.

## Variables

Coordinates stand in the root and are shared by all groups, `time` among them: the end of each record step, `seconds since <start>`, with its bounds in
`time_bounds`; the last step may be short. `size_bounds` holds the bounds of the size classes. Tables (events, lots, parameters, …) have a dimension of
their own.
"""

LAYOUT_TAIL = """\
`/batches` is for furnaces and empty in a sorting plant. `/lots` is filled with `record: {genealogy: true}`. With `record: none` there is one record step,
or one as long as the warm-up after another, and the flows inside lines are left out.

## Attributes of the root

| attribute | meaning |
|---|---|
| `twin_layout`, `twin_version`, `code_sha256`, `kinds_sha256` | versions of this layout and of twin, SHA-256 over code and data, and over the kinds of others |
| `scenario_name`, `scenario_title`, `scenario_sha256` | the scenario; the hash leaves out comments and key order, and takes in catalogues and CSVs |
| `seed`, `replication`, `start`, `horizon`, `warmup` | which run it was; `start` is a date, the others s |
| `created`, `platform` | when, and with which versions, C library and processor features (JSON) |
| `complete`, `digest` | written last; SHA-256 over all datasets and `scenario_sha256`: equal digests, runs equal to the last bit |
| `worst_residual` | the worst closure of the balances, as a share of the inflow |
| `events`, `lots`, `sweeps_mean.<line>`, `sweeps_max.<line>` | what the run took: events, lots, solves (or sweeps) of recycle loops |

## Checks

Reading checks that the file is complete, that its contents have the digest it states, that nothing in it points outside, and that its declared sizes are
backed. A saved state (`twin run --until … --save`) is a file of the same layout with `complete` false and the state in `/saved_state`, which is outside
the digest.
"""

MATERIALS_HEAD = """\
# Materials

What twin knows of materials, elements and energy carriers, each number with basis and source. *Assumed* is what was not read in a source: its range in
brackets is what a study should sweep. A catalogue of your own is a YAML file of the same form as `twin/materials/data/weee.yaml`, `catalogue: [weee,
mine.yaml]`; a material of the same name replaces the earlier one. Materials can also be defined in the scenario under `materials`, with a density of 1000
kg/m3 and an unknown assay unless given.
"""

ASSAYS = """\
An assay gives the mass fractions of elements in the dry material; what it leaves open is `rest`, which is never scaled away. `moisture` adds water. A
composite names its `constituents`, and its assay, density, heating value and oxide oxygen are computed from theirs. `twin materials` prints all of it
at the command line, `twin materials weee --material pcb` every number of one material. Water itself is a material with a moisture of 100 %.

Heat. `heating_value` stands for the elements of organics, and for the carbon that is dissolved in iron; the heat of metals that oxidise follows from
thermochemistry, so metals have none. It is the heat set free when, at 25 °C, all C, H and S of a material become CO2, water vapour and SO2, N becomes N2,
Cl and Br take hydrogen to HCl and HBr, and its metals and oxides stay what they are. With that, the enthalpy of formation of a material as received is
that of those products and its oxides plus its heating value: for a kg of pure limestone, 0.56 kg CaO with -6.346 MJ, 0.44 kg CO2 with -3.932 MJ, and the
heating value of -1.781 MJ, together -12.06 MJ. How much of an assay's oxygen is in its oxides, `oxide_oxygen` says: aluminium in a circuit board is metal
for the most part though there is oxygen enough in the resin.

Elements: {elements}.
"""

CLASSES = """\
## Pieces

A piece of a size class follows from the material's `form`: `solid`, `plate`, `film`, `hollow` (a closed shell), `wire`, or `crumpled` (a sheet that a mill
made a ball of); a form is a material's own, so cans and foil are two materials. All but solid ones have a `wall`: the thickness of the sheet, or the diameter
of the wire. `envelope_density` counts the air in the outline of a piece. `twin materials lvp --material ldpe_film --pieces` prints what follows, by size
class: mass, areal mass, what air sees (diameter, density and sphericity of the outline), and how high it lies. The formulas are in
`twin.materials.pieces`. Means are by mass over a class.

## Breaking

`breaks` says how a material breaks in mills: `brittle`, `ductile` (torn, sheared, crumpled), `rubber` or `fibre`; `brittle` where nothing is said. A
composite may have a table `liberated`, `{2 mm: 90 %, 16 mm: 20 %}`: the share by size that has come apart when a whole one is broken to it, by which mills
open it unless they say otherwise. `comes_off`, `{solder: 1 mm}`, gives the size of the pieces in which a constituent comes off, where it is its own and not
the fragment's. Each number has basis and source like any other. The water of a moist composite is a constituent: the `water` of its catalogue.

## Classes

Two texts say what a sensor takes a piece for: `nir` its near-infrared spectrum, `colour` a camera. They are written like numbers, plain (`nir: pet`) or
with basis and source, and can be any lower-case name; `none` where nothing is said. `dark` has no spectrum: carbon black takes all the light. These are in
use:
"""

PROPERTY_TAKERS = {
    "moisture": "the assay",
    "heating_value": "furnaces",
    "oxide_oxygen": "furnaces",
    "grain": "liberation in mills",
    "wall": "pieces",
    "envelope_density": "pieces",
}
PROPERTY_UNITS = {"wall": "mm", "conductivity": "MS/m", "heating_value": "MJ/kg", "grain": "mm"}

CARRIERS = """\
CO2 of one unit of energy; the newest year where a scenario names none, the latest vintage where it names a year. `co2:` in the scenario replaces it.
Prices are parameters of scenarios; none is stored.

| carrier | year | vintage, status | CO2 | basis and source |
|---|---|---|---|---|"""

FUELS = """
## Fuels and furnace gases

As received, moisture and ash included; density at 0 °C and 101325 Pa. `twin.materials.fuel` returns them. Carbon times 44/12 over heating value is within 5 %
of the CO2 factor above.
"""

MACHINES_PAGE = """\
# Machines

What each machine does to the material, out of the docstrings of its kernel: formulas, units, valid range, sources. Where a source is *from memory of the
literature, unverified*, structure and worked numbers were checked, the coefficients were not looked up. A machine is computed for each lot at the stream
that passes through it; leaving the valid range is counted by machine, stored in `/units/range_warnings` and printed after a run. Material properties are
those of the [catalogue](materials.md#properties).
"""

ONLY_A_TABLE = """\
**No model: a table of shares that somebody measured or assumed.** It does not react to load, size of the machine or settings, and is right only near the
conditions in which the shares were found."""

TESTING_HEAD = """# Testing a machine

For who writes a machine of their own: `twin.testing` holds its kernel to the rules that lines rely on. How it is used
stands in [Adding a machine](../adding_a_machine.md).

```python
from twin.testing import KernelCheckError, Monotone, check_kernel
```

`KernelCheckError` is raised with everything that was found: `faults` holds a sentence for each, with the value, the limit,
the place and the trial in which it was seen.
"""

FURNACE_HEAD = """# Records of the furnace

What the equilibrium of [smelting](../smelting.md), its heat and a furnace's phases work on. Each table is written down once; Python and compiled code
read its fields by their names. `PLAN` is what a scenario's furnace and phase become, `STATE` what a saved state holds beside metal, slag and solids,
`SUMS` is what a phase adds up. A default is 0 where none is given.
"""

CLUSTER_KPIS = """## Of a cluster

A [cluster](../cluster.md) has the key figures of its sites, and these of its own, all after the warm-up. A sum of which a part has no value has none.
"""
