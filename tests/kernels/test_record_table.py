"""Records and places that are written down once."""

import doctest
from typing import NamedTuple

import numpy as np
import pytest

from twin.kernels import furnace_plan, furnace_tables, record_table, smelting_tables
from twin.kernels.record_table import Field, Table, places

TABLES = (*furnace_tables.TABLES, *smelting_tables.TABLES)


class Parts(NamedTuple):
    metal: int
    slag: int


@pytest.mark.parametrize("module", [record_table, furnace_plan])
def test_docstring_examples(module):
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0


def test_places_count_from_nothing():
    assert tuple(places(Parts)) == (0, 1)
    assert places(Parts).slag == 1


def test_a_record_has_its_defaults_and_what_is_named():
    table = Table("three", (Field("a", "s", 2.0, ""), Field("b", "", -1.0, "", record_table.COUNT), Field("c", "J", 0.0, "", length=4)))
    record = table.of({"a": 5.0})
    assert record["a"].tolist() == [5.0]
    assert record["b"].tolist() == [-1]
    assert record["c"].shape == (1, 4)
    assert table.new(3)["a"].tolist() == [2.0, 2.0, 2.0]
    with pytest.raises(KeyError):
        table.of({"d": 1.0})


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.title)
def test_names_are_used_once_and_fields_lie_without_gaps(table):
    """Saved states and checks see a record as so many numbers of 8 bytes."""
    assert len(set(table.names)) == len(table.names)
    assert table.dtype.itemsize == 8 * sum(max(field.length, 1) for field in table.fields)
    assert not np.isinf(np.asarray(table.new().tolist()[0][0])).any()


def test_a_furnace_counts_first_what_its_equilibrium_counts():
    assert furnace_tables.WARNING._fields[: len(smelting_tables.ODD)] == smelting_tables.ODD._fields
    assert furnace_tables.STREAMS[:6] == ("feed", "coolant", "fuel", "reductant", "oxygen", "air")
