"""Arrays and records that kernels get together, as one pointer: a line's tables and buffers, an arena, what a furnace works on.

Numba passes an array on as seven numbers and counts who holds it, which a line of thirty arrays pays at each call and each look. A bundle is a table of
where its arrays lie and of their shapes, kept by Python; compiled code reads from it what it needs, owns nothing, and may take for granted that the table
stays as it is while it runs.
"""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import numpy as np
from llvmlite import ir
from numba import from_dtype, types
from numba.core.datamodel import models
from numba.core.typing.templates import AttributeTemplate as _AttributeTemplate
from numba.extending import NativeValue as _NativeValue
from numba.extending import infer_getattr, register_model, typeof_impl
from numba.extending import lower_getattr_generic as _lower_getattr_generic
from numba.extending import unbox as _unbox
from numba.np.arrayobj import get_itemsize, populate_array
from numba.np.numpy_support import as_dtype

Fields = tuple[tuple[str, Any], ...]
"""Names of a bundle's fields and their numba types, in their order: arrays in C order, records, bundles, or whole numbers."""
NativeValue: Any = _NativeValue  # without types, as those that follow
AttributeTemplate: Any = _AttributeTemplate
lower_getattr_generic: Any = _lower_getattr_generic
unbox: Any = _unbox
WORD = 8
"""Bytes of a number of the table: of an array its address and shape, one after the other; of a record or bundle its address."""


_NUMPY: dict[Any, np.dtype[Any]] = {}
"""Of the types of records, what they were made from: to compare another of the same fields takes long."""


def record_of(dtype: np.dtype[Any]) -> Any:
    """The type of a record."""
    found = from_dtype(dtype)
    _NUMPY.setdefault(found, dtype)
    return found


def records_of(dtype: np.dtype[Any]) -> Any:
    """The type of an array of records."""
    return types.Array(record_of(dtype), 1, "C")


class Place(NamedTuple):
    """Where a field stands in the table: its first word; of an array or record the type of its elements and its dimensions, 0 of a record."""

    name: str
    word: int
    dtype: np.dtype[Any] | None = None
    dimensions: int = 0


class BundleType(types.Type):
    """The type of a bundle in compiled code."""

    def __init__(self, name: str, fields: Fields) -> None:
        self.kinds = dict(fields)
        found, words = [], 0
        for field, kind in fields:
            dimensions = getattr(kind, "ndim", 0)
            element: Any = kind.dtype if dimensions else kind
            dtype = (_NUMPY[element] if element in _NUMPY else as_dtype(element)) if isinstance(kind, types.Array | types.Record) else None
            found.append(Place(field, words, dtype, dimensions))
            words += 1 + dimensions
        self.places, self.words = {place.name: place for place in found}, words
        super().__init__(f"{name}.{hashlib.sha256(repr(fields).encode()).hexdigest()[:16]}")


class Bundle:
    """Arrays, records, bundles and whole numbers as Python holds them together: the names of its ``kind`` are its attributes."""

    kind: ClassVar[BundleType]
    _table: Any
    address: int
    """Where compiled code finds the table."""

    def __init__(self, *values: Any, **fields: Any) -> None:
        table = np.zeros(self.kind.words, dtype=np.int64)
        self.__dict__.update(_table=table, address=table.ctypes.data)
        if len(values) > len(self.kind.kinds):
            raise TypeError(f"{type(self).__name__} has {len(self.kind.kinds)} fields (got {len(values)} values)")
        self.lay_out(dict(zip(self.kind.kinds, values, strict=False)) | fields)

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse a field of its own, since compiled code would go on with what is laid out."""
        if name in self.kind.kinds:
            raise AttributeError(f"{type(self).__name__}.{name} is laid out, with the others, by lay_out()")
        super().__setattr__(name, value)

    def lay_out(self, fields: Mapping[str, Any]) -> None:
        """Take these arrays and numbers in place of those before; whoever holds the bundle works on them, and not on copies.

        Of a record, an array is given whose first it is. Raises TypeError for an array of another type, number of dimensions or order than the field has.
        """
        words: list[int] = []
        for place in self.kind.places.values():
            value = fields[place.name]
            if place.dtype is not None:
                self._check(place, value)
                words.append(value.ctypes.data)
                if place.dimensions:
                    words.extend(value.shape)
            elif isinstance(kind := self.kind.kinds[place.name], BundleType):
                if not isinstance(value, Bundle) or value.kind != kind:
                    raise TypeError(f"{type(self).__name__}.{place.name} takes a bundle of {kind} (got {type(value).__name__})")
                words.append(value.address)
            else:
                words.append(operator.index(value))
        self._table[:] = words
        self.__dict__.update(fields)

    def _check(self, place: Place, value: Any) -> None:
        good = (value.dtype is place.dtype or value.dtype == place.dtype) and value.flags.c_contiguous and value.flags.aligned
        if not good or (value.ndim != place.dimensions if place.dimensions else value.ndim != 1 or not len(value)):
            wanted = f"an array of {place.dimensions or 1} dimensions of {place.dtype} in C order"
            raise TypeError(f"{type(self).__name__}.{place.name} takes {wanted} (got {value.dtype} of shape {value.shape})")

    def __reduce__(self) -> Any:
        """Refuse copies: fields are often parts of each other, which they would not be in a copy."""
        raise TypeError(f"a {type(self).__name__} cannot be copied: make another of copied arrays")


def arrays_of(bundle: Bundle) -> list[Any]:
    """The arrays that a bundle holds itself, those of its bundles left out."""
    return [getattr(bundle, place.name) for place in bundle.kind.places.values() if place.dtype is not None]


register_model(BundleType)(models.OpaqueModel)


@typeof_impl.register(Bundle)
def _type_of(bundle: Bundle, _: Any) -> BundleType:
    return bundle.kind


@unbox(BundleType)  # type: ignore[untyped-decorator]
def _take(_: BundleType, bundle: Any, c: Any) -> Any:
    address = c.pyapi.object_getattr_string(bundle, "address")
    pointer = c.pyapi.long_as_voidptr(address)
    c.pyapi.decref(address)
    return NativeValue(pointer, is_error=c.pyapi.c_api_error())


@infer_getattr
class _Fields(AttributeTemplate):  # type: ignore[misc]
    key = BundleType

    def generic_resolve(self, kind: Any, name: str) -> Any:
        """The type of a field, or None."""
        return kind.kinds.get(name)


@lower_getattr_generic(BundleType)  # type: ignore[untyped-decorator]
def _read(context: Any, builder: Any, kind: BundleType, pointer: Any, name: str) -> Any:
    """Read a field: nothing is counted, and the table is marked as what does not change meanwhile."""
    word = ir.IntType(WORD * 8)
    table = builder.bitcast(pointer, word.as_pointer())

    def number(place: int) -> Any:
        loaded = builder.load(builder.gep(table, [ir.Constant(word, place)], inbounds=True))
        loaded.set_metadata("invariant.load", builder.module.add_metadata([]))
        return loaded

    field, place = kind.kinds[name], kind.places[name].word
    if isinstance(field, types.Record | BundleType):
        return builder.inttoptr(number(place), context.get_value_type(field))
    if not isinstance(field, types.Array):
        return number(place)
    array = context.make_array(field)(context, builder)
    size = ir.Constant(word, get_itemsize(context, field))  # type: ignore[no-untyped-call]
    shape = [number(place + 1 + d) for d in range(field.ndim)]
    strides = [size]
    for length in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], length))
    data = builder.inttoptr(number(place), array.data.type)
    populate_array(array, data=data, shape=shape, strides=strides, itemsize=size, meminfo=None)  # type: ignore[no-untyped-call]
    return array._getvalue()
