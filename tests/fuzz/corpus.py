# SPDX-License-Identifier: MIT
"""The stored inputs of the fuzz targets: a text file for each target, with one input a line in hexadecimal.

Usage: corpus.py unpack TARGET FOLDER, or pack TARGET FOLDER, for a folder that libFuzzer has minimised with -merge=1.
"""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))  # last, so that netio is the installed one

from tests.unit.rtnetlink.test_neightbl import INTERFACE, TABLE
from tests.unit.rtnetlink.test_reader import CAPTURED, DONE, REACHABLE
from tests.unit.rtnetlink.test_sweep_frame import VALID

STORE = Path(__file__).with_name("corpus")

DUMP, ONE, TABLES = 0, 1, 255  # of fuzz_messages.c


def datagram(data: bytes) -> bytes:
    """Return a datagram as fuzz_messages.c reads it."""
    return b"\0" + len(data).to_bytes(2, "little") + data


def captured() -> list[bytes]:
    """Return the messages of the unit tests as inputs of fuzz_messages.c."""
    dump = bytes([DUMP]) + datagram(b"".join(CAPTURED)) + datagram(DONE)
    bodies = [message[16:] for message in (TABLE, INTERFACE)]
    tables = bytes([TABLES]) + b"".join(len(body).to_bytes(2, "little") + body for body in bodies)
    return [dump, bytes([ONE]) + datagram(REACHABLE), tables]


def replies() -> list[bytes]:
    """Return the frames of the unit tests as inputs of fuzz_frames.c, with a checksum that is pending or not."""
    return [bytes([is_pending, 0]) + frame for is_pending in (0, 1) for frame in VALID]


# The inputs that are not stored, by target.
MADE = {"frames": replies, "messages": captured}


def unpack(target: str, folder: Path) -> None:
    """Write the stored inputs of a target to a folder, one a file."""
    store = STORE / f"{target}.txt"
    inputs = [bytes.fromhex(line) for line in store.read_text().split()] + MADE.get(target, list)()
    for number, data in enumerate(inputs):
        (folder / f"stored-{number}").write_bytes(data)


def pack(target: str, folder: Path) -> None:
    """Store the inputs of a folder, the shortest first."""
    inputs = sorted((file.read_bytes() for file in folder.iterdir()), key=lambda data: (len(data), data))
    (STORE / f"{target}.txt").write_text("".join(data.hex() + "\n" for data in inputs))


if __name__ == "__main__":
    action, name, place = sys.argv[1:]
    {"unpack": unpack, "pack": pack}[action](name, Path(place))
