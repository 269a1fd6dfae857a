# SPDX-License-Identifier: MIT
"""Replaces a file as a whole: after a crash it has its old content or its new one."""

from __future__ import annotations

import errno
import os
import secrets
from contextlib import suppress
from pathlib import Path
from stat import S_IMODE, S_ISREG
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# Only the owner may read a new file until it has the mode of the file that it replaces.
_PRIVATE = 0o600

# Without O_BINARY Windows converts line ends.
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def write_file(path: str | os.PathLike[str], parts: Iterable[bytes]) -> None:
    """Writes a file from parts. An exception of the iterable or of the system leaves the old file unchanged.

    The parts go to a temporary file in the same folder, which replaces the file after it was written to the disk. Mode
    and, if the process may set it, owner are kept. Symbolic links, devices, pipes, mount points, and files in a folder
    that the process may not change are written in place, without these guarantees.

    Raises:
        OSError: The system reports an error.
    """
    target = Path(path)
    old = _status(target)
    if old is not None and not S_ISREG(old.st_mode):
        _write_in_place(target, parts)
        return
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}.tmp")
    try:
        descriptor = os.open(temporary, _NEW_FILE, 0o666 if old is None else _PRIVATE)
    except PermissionError:
        if old is None:
            raise
        _write_in_place(target, parts)
        return
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123
            file.writelines(parts)
            file.flush()
            os.fsync(descriptor)
        if old is not None:
            _keep_owner_and_mode(temporary, old)
        _replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except FileNotFoundError:
        return None


def _write_in_place(target: Path, parts: Iterable[bytes]) -> None:
    with target.open("wb") as file:
        file.writelines(parts)


def _keep_owner_and_mode(temporary: Path, old: os.stat_result) -> None:
    new = temporary.stat()
    if hasattr(os, "chown") and (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
        with suppress(PermissionError):  # only root may give a file away
            os.chown(temporary, old.st_uid, old.st_gid)
    temporary.chmod(S_IMODE(old.st_mode))


def _replace(temporary: Path, target: Path) -> None:
    try:
        temporary.replace(target)
    except OSError as error:
        if error.errno != errno.EBUSY:  # a mount point, for example a file of the host in a container
            raise
        _write_in_place(target, [temporary.read_bytes()])
        temporary.unlink()
        return
    if hasattr(os, "O_DIRECTORY"):  # Windows has no descriptors of folders
        folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
