# SPDX-License-Identifier: MIT
"""PhysicalAddress: the notations that it accepts, its text and its bytes."""

import copy
import json
import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netio import InvalidParameterError, PhysicalAddress

SIX = bytes.fromhex("02005e000007")
TEXT = "02:00:5e:00:00:07"

# Notations of six bytes, by where they are found.
NOTATIONS = {
    "Linux": "02:00:5e:00:00:07",
    "Windows": "02-00-5E-00-00-07",
    "BSD, Solaris": "2:0:5e:0:0:7",
    "Cisco": "0200.5e00.0007",
    "Huawei, H3C, HPE": "0200-5e00-0007",
    "Extreme": "0200:5e00:0007",
    "ProCurve": "02005e-000007",
    "groups of six with colons": "02005e:000007",
    "pairs with dots": "02.00.5e.00.00.07",
    "pairs with blanks": "02 00 5e 00 00 07",
    "no separator": "02005e000007",
    "no separator, upper case": "02005E000007",
    "0x": "0x02005e000007",
    "0X": "0X02005E000007",
    "sysfs": "02:00:5e:00:00:07\n",
    "white space around": "\t 02:00:5e:00:00:07 \r\n",
}


@pytest.mark.parametrize("text", NOTATIONS.values(), ids=NOTATIONS)
def test_every_notation_gives_the_same_value(text: str) -> None:
    """Bug: a notation is rejected, or read as another address."""
    assert PhysicalAddress(text) == TEXT
    assert PhysicalAddress(text).packed == SIX


@pytest.mark.parametrize(
    ("text", "raw"),
    [("", b""), ("07", b"\x07"), ("0a:14", b"\x0a\x14"), (":".join(["ff"] * 32), b"\xff" * 32), ("0x02", b"\x02")],
)
def test_other_lengths(text: str, raw: bytes) -> None:
    """Bug: only six bytes are accepted, although Infiniband has 20 and 802.15.4 has 8."""
    assert PhysicalAddress(text).packed == raw


@pytest.mark.parametrize(
    "text",
    [
        "02:00:5e:00:00:0g",
        "02:00-5e:00-00:07",
        "02:00:5e.0000:07",
        "02:00:5e:00:00:",
        ":02:00",
        "02::07",
        "002:00",
        "c0a8:001",
        "02005e.000007",
        "02.0.5e.0.0.7",
        "02  00",
        "020.05e.000.007",
        "0200.5e",
        "0200 5e00 0007",
        "02005e00000",
        "0x",
        "0x2",
        "0x02:00",
        "7",
        "\N{ARABIC-INDIC DIGIT ZERO}7:00",
        "-1:00",
        ".",
    ],
)
def test_invalid_text_is_quoted(text: str) -> None:
    """Bug: text that another program would read differently is accepted, or lost zeros are guessed."""
    with pytest.raises(InvalidParameterError) as caught:
        PhysicalAddress(text)
    assert repr(text) in str(caught.value)
    assert caught.value.code == 87


def test_long_text_is_quoted_in_part() -> None:
    """Bug: a message repeats a hostile input of any length."""
    with pytest.raises(InvalidParameterError, match=re.escape("... (40,000 characters); write it like")) as caught:
        PhysicalAddress("x" * 40_000)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("value", [bytes(33), ":".join(["00"] * 33), bytes(100_000)])
def test_more_than_32_bytes(value: bytes | str) -> None:
    with pytest.raises(InvalidParameterError, match="bytes; the maximum is 32") as caught:
        PhysicalAddress(value)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("value", [SIX, bytearray(SIX), memoryview(SIX), PhysicalAddress(SIX)])
def test_bytes_like(value: bytes | bytearray | memoryview) -> None:
    assert PhysicalAddress(value) == TEXT


@pytest.mark.parametrize("value", [6, True, None, 1.5, [2, 0], object()])
def test_values_of_other_types(value: object) -> None:
    """Bug: an int or a list, of which bytes() would make something, becomes an address."""
    with pytest.raises(TypeError):
        PhysicalAddress(value)  # type: ignore[arg-type]


def test_it_is_text() -> None:
    """Bug: text methods, comparison with text, JSON encoders and `match` do not see the canonical text."""
    address = PhysicalAddress("2-0-5E-0-0-7")
    assert str(address) == f"{address}" == f"{address:s}" == TEXT
    assert type(str(address)) is str
    assert repr(address) == "PhysicalAddress('02:00:5e:00:00:07')"
    assert json.dumps({"mac": address}) == '{"mac": "02:00:5e:00:00:07"}'
    assert address.upper().replace(":", "-") == "02-00-5E-00-00-07"
    assert f"{address:>20}" == "   02:00:5e:00:00:07"
    match address:
        case "02:00:5e:00:00:07":
            pass
        case _:
            pytest.fail("match compares it with something else")


def test_equality_and_hash_are_those_of_text() -> None:
    """Bug: equal objects have different hashes, so that an address is not found in a dict keyed by text."""
    address = PhysicalAddress(SIX)
    assert address == TEXT
    assert hash(address) == hash(TEXT)
    assert {TEXT: 1}[address] == 1
    assert address != "02:00:5E:00:00:07"  # not the canonical text
    assert address != SIX  # type: ignore[comparison-overlap]
    assert not hasattr(address, "__dict__")


def test_empty_address() -> None:
    """Bug: an unknown address is true, or prints as something."""
    address = PhysicalAddress()
    assert not address
    assert (str(address), repr(address), address.packed) == ("", "PhysicalAddress('')", b"")


@given(st.binary(max_size=32))
def test_round_trips(raw: bytes) -> None:
    """Bug: an address changes on its way through text, bytes, pickle or copy."""
    address = PhysicalAddress(raw)
    assert address.packed == bytes(address) == raw
    for separator in ":-. ":
        assert PhysicalAddress(raw.hex(separator, 1)) == address
    assert PhysicalAddress(raw.hex()) == address
    for twin in (pickle.loads(pickle.dumps(address)), copy.copy(address), copy.deepcopy(address)):
        assert twin == address
        assert type(twin) is PhysicalAddress


@given(st.text(alphabet="0123456789abcdefABCDEF:-. x", max_size=40))
def test_any_text_is_accepted_or_rejected(text: str) -> None:
    """Bug: some text raises another error, or digits are lost or invented."""
    try:
        address = PhysicalAddress(text)
    except InvalidParameterError:
        return
    digits = text.lower().translate(str.maketrans("", "", ":-. x"))
    groups = re.split("[:-]", text.strip())
    if all(len(group) <= 2 for group in groups) and len(groups) > 1:
        digits = "".join(group.zfill(2) for group in groups).lower()
    assert address.packed.hex() == digits.removeprefix("0" if "x" in text.lower() else "")
