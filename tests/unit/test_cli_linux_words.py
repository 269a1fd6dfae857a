# SPDX-License-Identifier: MIT
"""The words of ip(8) for flags and protocols."""

import click
import pytest

from netio.cli.linux_words import WRITABLE_FLAGS, flag_words, flags_of, protocol_of, protocol_word
from netio.linux import NeighborFlags


def test_protocol_by_name_or_number() -> None:
    assert [protocol_of(word) for word in ("zebra", "Static", "0", "255", "11")] == [11, 4, 0, 255, 11]
    assert [protocol_word(number) for number in (11, 255, 0)] == ["zebra", "255", "-"]
    for word in ("256", "-1", "zebr", "", "1.0", "\u0661"):
        with pytest.raises(click.UsageError, match="use a number from 0 to 255, or one of unspec, "):
            protocol_of(word)


def test_words_of_flags() -> None:
    """Bug: a flag has no word, so that a listing hides it."""
    assert all(len(flag_words(flag)) == 1 for flag in NeighborFlags)
    both = NeighborFlags.ROUTER | NeighborFlags.EXT_LEARNED
    assert flag_words(both) == ["extern_learn", "router"]
    assert flags_of(["router", "extern_learn"]) == both
    assert flag_words(NeighborFlags.ROUTER | NeighborFlags(0x3000)) == ["router", "0x3000"]
    assert [flag_words(flag) for flag in WRITABLE_FLAGS.values()] == [[word] for word in WRITABLE_FLAGS]
