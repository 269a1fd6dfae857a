# SPDX-License-Identifier: MIT
"""Text of any content to what reads it in Python: files, addresses, physical addresses, words of a command line.

Each reader returns a value that has its documented properties, or raises its documented error; no other exception, no
unbounded time. Arguments are those of libFuzzer.
"""

import io
import json
import pickle
import re
import sys

import atheris

with atheris.instrument_imports(include=["netio"]):
    import click

    from netio import Neighbor, NetioError, PhysicalAddress, formats
    from netio.cli import files, ip_syntax, messages, targets

WORDS = ["dev", "lladdr", "nud", "to", "proto", "router", "eth0", "192.0.2.1", "fe80::1%eth0", "", "-i", "permanent"]


def text(data: atheris.FuzzedDataProvider, size: int) -> str:
    """Returns text of one of three kinds: any code points, without surrogates, and of single bytes."""
    kind = data.ConsumeIntInRange(0, 2)
    if kind == 0:
        return str(data.ConsumeUnicode(size))
    if kind == 1:
        return str(data.ConsumeUnicodeNoSurrogates(size))
    return bytes(data.ConsumeBytes(size)).decode("latin-1")


def check_message(error: NetioError) -> None:
    """An error prints as one line without control characters, of limited length."""
    assert messages.printable(messages.message_of(error)).isprintable()
    assert len(error.reason) < 1000


def physical_address(data: atheris.FuzzedDataProvider) -> None:
    try:
        address = PhysicalAddress(text(data, 120))
    except NetioError as error:
        check_message(error)
        return
    assert len(address.packed) <= 32
    assert re.fullmatch("([0-9a-f]{2}(:[0-9a-f]{2})*)?", address)
    assert PhysicalAddress(address.packed) == address == PhysicalAddress(str(address))


def neighbor(data: atheris.FuzzedDataProvider) -> None:
    try:
        entry = Neighbor(text(data, 60), text(data, 60), interface=text(data, 40))
    except NetioError as error:
        check_message(error)
        return
    assert pickle.loads(pickle.dumps(entry)) == entry
    fields = json.loads(json.dumps(entry.to_dict()))
    assert Neighbor.from_dict(fields) == entry


def records(data: atheris.FuzzedDataProvider) -> None:
    for record in formats.read_records(text(data, 4000)):
        try:
            entry = None if record.problem else formats.neighbor_of(record.fields)
        except NetioError as error:
            check_message(error)
        else:
            assert record.place
            assert entry is None or isinstance(entry, Neighbor)


def file(data: atheris.FuzzedDataProvider) -> None:
    interface = data.PickValueInList([None, "eth0"])
    content = bytes(data.ConsumeBytes(4000))
    try:
        found = files.read_entries(io.BytesIO(content), interface=interface)
    except NetioError as error:
        check_message(error)
        return
    assert all(isinstance(entry, Neighbor) for _, entry in found.entries)
    assert all(messages.printable(place + problem).isprintable() for place, problem in found.problems)


def words(data: atheris.FuzzedDataProvider) -> None:
    count = data.ConsumeIntInRange(0, 8)
    given = [data.PickValueInList(WORDS) if data.ConsumeBool() else text(data, 12) for _ in range(count)]
    try:
        positional, named = ip_syntax.split_words(given, ("dev", "lladdr", "nud", "to"), pasted=data.ConsumeBool())
    except click.UsageError:
        return
    assert {*positional, *named.values()} <= set(given)


def target(data: atheris.FuzzedDataProvider) -> None:
    try:
        span = targets._span_of(text(data, 60))
    except NetioError as error:
        check_message(error)
        return
    assert span is None or span.size >= 1


def terminal(data: atheris.FuzzedDataProvider) -> None:
    shown = messages.printable(text(data, 200))
    assert shown.isprintable()


READERS = [physical_address, neighbor, records, file, words, target, terminal]


def one_input(data: bytes) -> None:
    """Give the input to the reader that its first number selects."""
    provider = atheris.FuzzedDataProvider(data)
    READERS[provider.ConsumeIntInRange(0, len(READERS) - 1)](provider)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
