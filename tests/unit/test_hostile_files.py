# SPDX-License-Identifier: MIT
"""Files whose reading would take much time or memory: a clear error, and soon."""

import tracemalloc
from pathlib import Path

import pytest

from netio.formats import read_neighbors

MANY = 200_000

# The suffix and the content of a file, and the reason why it is rejected.
FILES = {
    "deep JSON": (".jsonl", '{"address": ' + "[" * MANY, "invalid JSON"),
    "long number": (".jsonl", '{"address": ' + "9" * MANY + "}", "invalid JSON"),
    "long physical address": (
        ".jsonl",
        '{"address": "192.0.2.1", "physical_address": "' + "0" * MANY + '"}',
        "characters)",
    ),
    "many columns": (
        ".csv",
        "address," + ",".join(f"column{i}" for i in range(MANY)),
        "200,001 fields, more than 1,000",
    ),
    "long cell": (".csv", "address,physical_address\n192.0.2.1," + "0" * MANY, "field larger than field limit"),
}


@pytest.mark.parametrize("kind", FILES)
def test_hostile_file_is_rejected(tmp_path: Path, kind: str) -> None:
    """Bug: time or memory grows with more than the size of the file."""
    suffix, content, reason = FILES[kind]
    file = tmp_path / f"hostile{suffix}"
    file.write_text(content + "\n")
    tracemalloc.start()
    try:
        with pytest.raises(ExceptionGroup) as caught:
            list(read_neighbors(file))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert reason in str(caught.value.exceptions[0])
    assert len(str(caught.value.exceptions[0])) < 500
    assert peak < 30 * len(content)
