"""A small smelter: a lance furnace whose black copper a converter takes hot, its slag coming back; one crane, two ladles, one oxygen plant."""

from __future__ import annotations

from typing import Any


def phases(tsl: list[Any] | None = None) -> list[Any]:
    return tsl or [
        {
            "charge": {
                "recipe": {"bay": "30 t", "returns": {"mass": "6 t", "least": "0 t"}},
                "flux": {"source": "sand", "most": "8 t"},
                "rate": "13 t/h",
                "blast": {"rate": "8000 Nm3/h", "oxygen": "40 %"},
                "max": "4 h",
            }
        },
        {"reduce": {"reductant": {"carrier": "coke", "rate": "1.2 t/h"}, "until": {"slag.Cu": "< 1.2 %"}, "max": "2 h"}},
        {"settle": "20 min"},
        {"tap": {"slag": "60 t/h", "metal": "40 t/h", "ladle": "8 t", "needs": ["crane", "ladles"]}},
    ]


def smelter(horizon: str = "2 d", **units: Any) -> dict[str, Any]:
    """The scenario as a mapping; ``units`` replaces or adds keys of units by name."""
    plant: dict[str, dict[str, Any]] = {
        "trucks": {"kind": "feed", "every": "4 h", "mass": "25 t", "composition": {"shredder_copper": "50 %", "escrap_medium": "30 %", "filter_dust": "20 %"}},
        "bay": {"kind": "bunker", "from": "trucks", "capacity": "600 t", "discharge": "mixed", "initial": {"mass": "200 t"}},
        "sand_trucks": {"kind": "feed", "every": "1 d", "mass": "20 t", "composition": {"silica_sand": "100 %"}},
        "sand": {"kind": "bunker", "from": "sand_trucks", "capacity": "150 t", "initial": {"mass": "50 t"}},
        "alloy_trucks": {"kind": "feed", "every": "8 h", "mass": "10 t", "composition": {"brass_scrap": "60 %", "gunmetal_scrap": "40 %"}},
        "alloy": {"kind": "bunker", "from": "alloy_trucks", "capacity": "300 t", "initial": {"mass": "60 t"}},
        "o2": {"kind": "oxygen_plant", "capacity": "9000 Nm3/h"},
        "tsl": {
            "kind": "lance_furnace",
            "from": ["bay", "returns", "sand"],
            "capacity": {"metal": "90 t", "slag": "120 t"},
            "heel": {"metal": "8 t", "slag": "5 t"},
            "initial": {
                "temperature": "1250 °C",
                "metal": {"mass": "8 t", "assay": {"Cu": "85 %", "Fe": "2 %", "Ni": "3 %", "Pb": "3 %", "Sn": "4 %"}},
                "slag": {"mass": "5 t", "assay": {"Fe": "35 %", "Si": "14 %", "Ca": "4 %", "Al": "3 %"}},
            },
            "temperature": {"target": "1250 °C", "coldest": "1180 °C", "hottest": "1350 °C"},
            "burner": {"carrier": "natural_gas", "power": "15 MW", "oxygen": "40 %"},
            "oxygen": {"source": "o2"},
            "offgas": {"limit": "60000 Nm3/h"},
            "walls": "4.5 MW",
            "droplets": {"area": "15 m2"},
            "phases": phases(),
        },
        "converter": {
            "kind": "rotary_converter",
            "from": ["tsl.metal", "alloy", "sand"],
            "capacity": {"metal": "60 t", "slag": "40 t"},
            "heel": {"metal": "2 t"},
            "temperature": {"target": "1230 °C", "coldest": "1170 °C", "hottest": "1320 °C"},
            "burner": {"carrier": "natural_gas", "power": "6 MW"},
            "oxygen": {"source": "o2"},
            "walls": "1 MW",
            "droplets": {"area": "8 m2"},
            "phases": [
                {
                    "charge": {
                        "recipe": {"tsl.metal": {"mass": "24 t", "least": "12 t"}, "alloy": {"mass": "6 t", "least": "2 t"}},
                        "flux": {"source": "sand", "most": "2 t"},
                        "rate": "60 t/h",
                    }
                },
                {"oxidise": {"blast": {"rate": "3000 Nm3/h", "oxygen": "60 %"}, "until": {"metal.Fe": "< 0.02 %", "metal.Zn": "< 0.4 %"}, "max": "2 h"}},
                {"tap": {"slag": "60 t/h", "needs": ["crane", "ladles"]}, "name": "zinc_slag"},
                {"oxidise": {"blast": {"rate": "3000 Nm3/h", "oxygen": "60 %"}, "until": {"metal.Sn": "< 0.8 %"}, "max": "2 h"}},
                {"tap": {"slag": "60 t/h", "slag_to": "tin_slag", "metal": "40 t/h", "needs": ["crane", "ladles"]}},
            ],
        },
        "returns": {"kind": "bunker", "from": "converter.slag", "capacity": "200 t"},
        "black_slag": {"kind": "product", "from": "tsl.slag"},
        "tin": {"kind": "product", "from": "converter.tin_slag"},
        "copper": {"kind": "product", "from": "converter.metal", "price": {"Cu": {"value": "6 EUR/kg", "payable": "92 %"}}},
        "stack": {"kind": "product", "from": ["tsl.offgas", "converter.offgas"]},
    }
    for name, change in units.items():
        plant[name] = {**plant.get(name, {}), **change}
    return {
        "twin": 1,
        "name": "small-smelter",
        "time": {"horizon": horizon},
        "record": {"every": "1 h", "genealogy": True},
        "catalogue": ["copper_scrap"],
        "resources": {"crane": 1, "ladles": 2},
        "units": plant,
    }
