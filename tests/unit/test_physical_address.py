# SPDX-License-Identifier: MIT
"""PhysicalAddress: what text and bytes it takes, and how it reads."""

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netio import InvalidParameterError, PhysicalAddress

SIX = bytes.fromhex("02005e000007")


@pytest.mark.parametrize(
    ("text", "raw"),
    [
        ("02:00:5e:00:00:07", SIX),
        ("02-00-5E-00-00-07", SIX),
        ("2:0:5e:0:0:7", SIX),
        ("0200.5e00.0007", SIX),
        ("02005e000007", SIX),
        ("02005E000007", SIX),
        ("", b""),
        ("07", b"\x07"),
        ("c0a8:0001", None),
        ("0a:14", b"\x0a\x14"),
        (":".join(["ff"] * 32), b"\xff" * 32),
    ],
)
def test_text(text: str, raw: bytes | None) -> None:
    if raw is None:
        with pytest.raises(InvalidParameterError):
            PhysicalAddress(text)
    else:
        assert PhysicalAddress(text) == raw


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
        "0200:5e00:0007",
        "020.05e.000.007",
        "0200.5e",
        "02005e00000",
        "7",
        " 02:00",
        "02:00\n",
        "0x02",
        "02 00",
        "\N{ARABIC-INDIC DIGIT ZERO}7:00",
        "-1:00",
        ".",
    ],
)
def test_text_of_another_form_is_named(text: str) -> None:
    with pytest.raises(InvalidParameterError) as caught:
        PhysicalAddress(text)
    assert repr(text) in str(caught.value)
    assert caught.value.code == 87


@pytest.mark.parametrize("value", [bytes(33), ":".join(["00"] * 33)])
def test_more_than_32_bytes(value: bytes | str) -> None:
    with pytest.raises(InvalidParameterError, match="33 bytes"):
        PhysicalAddress(value)


@pytest.mark.parametrize("value", [SIX, bytearray(SIX), memoryview(SIX), PhysicalAddress(SIX)])
def test_bytes_like(value: bytes | bytearray | memoryview) -> None:
    assert PhysicalAddress(value) == SIX


@pytest.mark.parametrize("value", [6, True, None, 1.5, [2, 0], object()])
def test_other_types(value: object) -> None:
    """bytes(6) would be six zeros, bytes([2, 0]) two bytes."""
    with pytest.raises(TypeError):
        PhysicalAddress(value)  # type: ignore[arg-type]


def test_how_it_reads() -> None:
    address = PhysicalAddress("2-0-5E-0-0-7")
    assert str(address) == f"{address}" == "02:00:5e:00:00:07"
    assert repr(address) == "PhysicalAddress('02:00:5e:00:00:07')"
    assert (str(PhysicalAddress()), repr(PhysicalAddress())) == ("", "PhysicalAddress('')")


def test_it_equals_bytes_and_not_text() -> None:
    address = PhysicalAddress(SIX)
    assert address == SIX
    assert hash(address) == hash(SIX)
    assert address != "02:00:5e:00:00:07"  # type: ignore[comparison-overlap]
    assert not hasattr(address, "__dict__")


@given(st.binary(max_size=32))
def test_round_trips(raw: bytes) -> None:
    address = PhysicalAddress(raw)
    assert PhysicalAddress(str(address)) == address == raw
    assert PhysicalAddress(raw.hex("-", 1)) == raw
    for twin in (pickle.loads(pickle.dumps(address)), copy.copy(address), copy.deepcopy(address)):
        assert twin == address
        assert type(twin) is PhysicalAddress


@given(st.text(alphabet="0123456789abcdefABCDEF:-.", max_size=40))
def test_any_text_is_taken_or_refused(text: str) -> None:
    try:
        address = PhysicalAddress(text)
    except InvalidParameterError:
        return
    assert len(address) <= 32
    digits = text.translate(str.maketrans("", "", ":-."))
    assert len(digits) <= 2 * len(address)
