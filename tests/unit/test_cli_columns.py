# SPDX-License-Identifier: MIT
"""Values of entries as text for a table."""

import pytest

from netio.cli.columns import COLUMNS, age_text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (12, "12s"),
        (59, "59s"),
        (60, "1m"),
        (299, "4m"),
        (3_600, "1h"),
        (86_399, "23h"),
        (2 * 86_400, "2d"),
        (49 * 86_400, "49d"),
        (None, "-"),
    ],
)
def test_age_in_its_largest_unit(seconds: int | None, text: str) -> None:
    """Bug: an age is rounded up to a unit that it has not reached, or a missing one is shown as zero."""
    assert age_text(seconds) == text


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("reachability_time", 0, "0"),
        ("interface_luid", 0, "0"),
        ("interface_index", None, "-"),
        ("physical_address", "", "-"),
        ("interface", "a\nb", "a\\nb"),
        ("vendor", None, ""),
        ("is_router", True, "router"),
        ("nud", None, "-"),
        ("flags", [], "-"),
        ("flags", None, "-"),
        ("flags", ["extern_learn", "router"], "extern_learn,router"),
        ("protocol", 0, "-"),
        ("protocol", None, "-"),
        ("protocol", 11, "zebra"),
        ("protocol", 200, "200"),
    ],
)
def test_value_as_text(name: str, value: object, text: str) -> None:
    """Bug: a zero is taken for an unknown value, or a line end in a name starts a line."""
    assert COLUMNS[name].text(value) == text
