# SPDX-License-Identifier: MIT
"""The rows of a table as columns: for NumPy in place, for Arrow as a copy. netio itself imports neither."""

from __future__ import annotations

from netio._codec import ROW_SIZE
from netio._native import ffi, lib
from netio._types import NeighborState

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    import numpy
    from typing_extensions import Buffer

    from netio._native import CData

# Rows in one batch: few enough for text offsets of 32 bits, even with the longest interface names.
_BATCH = 2**20

# C fills the memory.
_allocate = ffi.new_allocator(should_clear_after_alloc=False)


def row_dtype(name: str = "MIB_IPNET_ROW2") -> numpy.dtype[Any]:
    """Returns the dtype of a C type, with the names, types and offsets of the compiler's layout."""
    from numpy import dtype

    row: dtype[Any] = dtype(_format(ffi.typeof(name)))
    return row


def _format(kind: CData) -> Any:  # noqa: ANN401
    """Converts a C type to an argument of numpy.dtype()."""
    size = ffi.sizeof(kind)
    if kind.kind == "array":
        return _format(kind.item), (kind.length,)
    if kind.kind in ("primitive", "enum"):
        return f"u{size}"
    if not kind.fields:  # the bytes of an IP address
        return "u1", (size,)
    types = {member.type for _, member in kind.fields}
    if kind.kind == "union" and len(types) == 1:
        return _format(types.pop())
    return {
        "names": [name for name, _ in kind.fields],
        "formats": [_format(member.type) for _, member in kind.fields],
        "offsets": [member.offset for _, member in kind.fields],
        "itemsize": size,
    }


class FurtherColumn:
    """A column beside those of MIB_IPNET_ROW2, with one value for each row.

    Attributes:
        name: Its name.
        kind: "uint8", "uint32", "milliseconds" (64 bits), or "word": 32 bits, positions in `words`.
    """

    def __init__(self, name: str, kind: str, values: Buffer = b"", words: Sequence[str] = ()) -> None:
        self.name, self.kind, self.values, self.words = name, kind, memoryview(values), words

    def batch(self, number: int) -> FurtherColumn:
        """Returns the part of the column in a batch of rows."""
        first = number * _BATCH
        return FurtherColumn(self.name, self.kind, self.values[first : first + _BATCH], self.words)


def arrow_schema(further: Sequence[FurtherColumn] = ()) -> Any:  # noqa: ANN401
    """Returns the Arrow schema of a table."""
    na = _nanoarrow()
    kinds = {
        "address": na.string(),
        "interface": na.dictionary(na.int32(), na.string()),
        "physical_address": na.string(),
        "state": na.dictionary(na.int32(), na.string()),
        "is_router": na.bool_(),
        "is_unreachable": na.bool_(),
        "reachability_time": na.duration("ms"),
        "interface_index": na.uint32(),
        "interface_luid": na.uint64(),
    }
    others = {"milliseconds": na.duration("ms"), "word": na.dictionary(na.int32(), na.string())}
    kinds |= {column.name: others.get(column.kind) or getattr(na, column.kind)() for column in further}
    return na.c_schema(na.struct({name: na.Schema(kind, nullable=False) for name, kind in kinds.items()}))


def arrow_stream(rows: memoryview, names: dict[int, tuple[str, str]], further: Sequence[FurtherColumn] = ()) -> Any:  # noqa: ANN401
    """Returns an Arrow stream of rows; names maps interface indexes to name and IPv6 scope."""
    na, schema = _nanoarrow(), arrow_schema(further)
    from nanoarrow.c_array_stream import CArrayStream  # type: ignore[import-not-found,import-untyped,unused-ignore]

    arrays = [
        _array(na, schema, batch, names, {column.name: column.batch(number) for column in further})
        for number, batch in enumerate(_batches(rows))
    ]
    # The arrays were written by netio's own C code, so validating them would only cost time.
    return CArrayStream.from_c_arrays(arrays, schema, validate=False)


def _batches(rows: memoryview) -> Iterator[memoryview]:
    for start in range(0, len(rows), _BATCH * ROW_SIZE):
        yield rows[start : start + _BATCH * ROW_SIZE]


def _nanoarrow() -> Any:  # noqa: ANN401
    try:
        import nanoarrow  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ModuleNotFoundError as error:
        if error.name != "nanoarrow":
            raise
        reason = 'Arrow columns need nanoarrow; install it with: pip install "netioapi[arrow]"'
        raise ModuleNotFoundError(reason, name=error.name) from None
    return nanoarrow


def member_values(rows: memoryview, offset: int) -> set[int]:
    """Returns the values that occur in a member of four bytes."""
    count = len(rows) // ROW_SIZE
    values = _allocate("uint32_t[]", count)
    found = lib.netio_column_values(ffi.from_buffer("MIB_IPNET_ROW2[]", rows), count, offset, values)
    return set(ffi.unpack(values, found))


class _Buffers:
    """Memory for the columns of one batch, by their names."""

    def __init__(self, count: int, longest_scope: int) -> None:
        flags = (count + 7) // 8
        self.memory = {
            "address_offsets": _allocate("int32_t[]", count + 1),
            "address": _allocate("char[]", count * (lib.NETIO_ADDRESS_TEXT + 1 + longest_scope)),
            "interface": _allocate("int32_t[]", count),
            "physical_address_offsets": _allocate("int32_t[]", count + 1),
            "physical_address": _allocate("char[]", count * lib.NETIO_PHYSICAL_TEXT),
            "state": _allocate("int32_t[]", count),
            "is_router": ffi.new("uint8_t[]", flags),
            "is_unreachable": ffi.new("uint8_t[]", flags),
            "reachability_time": _allocate("int64_t[]", count),
            "interface_index": _allocate("uint32_t[]", count),
            "interface_luid": _allocate("uint64_t[]", count),
        }

    def of_column(self, name: str, count: int) -> list[memoryview]:
        """Returns the buffers of a column of count items."""
        memory, offsets = self.memory[name], self.memory.get(f"{name}_offsets")
        if offsets is None:
            return [memoryview(ffi.buffer(memory))]
        return [memoryview(ffi.buffer(offsets)), memoryview(ffi.buffer(memory, offsets[count]))]


def _array(
    na: Any,  # noqa: ANN401
    schema: Any,  # noqa: ANN401
    rows: memoryview,
    names: dict[int, tuple[str, str]],
    further: dict[str, FurtherColumn],
) -> Any:  # noqa: ANN401
    """Makes the array of one batch."""
    count = len(rows) // ROW_SIZE
    states = sorted({*NeighborState, *member_values(rows, ffi.offsetof("MIB_IPNET_ROW2", "State"))})
    words: dict[str, Sequence[str]] = {
        "interface": list(dict.fromkeys(name for name, _ in names.values())),
        "state": [NeighborState(state).name for state in states],
    } | {name: column.words for name, column in further.items() if column.kind == "word"}
    buffers = _fill_columns(rows, count, names, words["interface"], states)
    children = [
        _child(na, kind, count, [further[kind.name].values])
        if kind.name in further
        else _child(na, kind, count, buffers.of_column(kind.name, count))
        for kind in schema.children
    ]
    for kind, child in zip(schema.children, children, strict=True):
        if kind.name in words:
            _set_dictionary(na, child, words[kind.name])
    return na.c_array_from_buffers(schema, count, [None], 0, children=children, validation_level="none", move=True)


def _fill_columns(
    rows: memoryview, count: int, names: dict[int, tuple[str, str]], words: Sequence[str], states: list[int]
) -> _Buffers:
    """Writes the columns of one batch, in C."""
    places = {word: place for place, word in enumerate(words)}
    scopes = {index: ffi.new("char[]", scope.encode("utf-8", "replace")) for index, (_, scope) in names.items()}
    interfaces = ffi.new("netio_named[]", [(index, places[names[index][0]], scopes[index]) for index in sorted(names)])
    native_states = ffi.new("uint32_t[]", states)
    buffers = _Buffers(count, max(map(len, scopes.values()), default=0))
    columns = {
        "interfaces": interfaces,
        "interface_count": len(names),
        "states": native_states,
        "state_count": len(states),
        **buffers.memory,
    }
    lib.netio_columns_fill(ffi.new("netio_columns *", columns), ffi.from_buffer("MIB_IPNET_ROW2[]", rows), count)
    return buffers


def _child(na: Any, kind: Any, count: int, buffers: list[memoryview]) -> Any:  # noqa: ANN401
    return na.c_array_from_buffers(kind, count, [None, *buffers], 0, validation_level="none")


def _set_dictionary(na: Any, array: Any, words: Sequence[str]) -> None:  # noqa: ANN401
    """Replaces the empty dictionary of an array; nanoarrow has no function for that."""
    # The name of an interface can be any bytes; Arrow text must be UTF-8.
    text = na.c_array([word.encode("utf-8", "replace").decode() for word in words], na.string())
    lib.netio_arrow_move(_address(text), _address(array.dictionary))


def _address(array: Any) -> CData:  # noqa: ANN401
    return ffi.cast("struct ArrowArray *", array._addr())  # noqa: SLF001
