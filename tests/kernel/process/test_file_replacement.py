# SPDX-License-Identifier: MIT
"""How write_neighbors() replaces files of POSIX: mode, owner, links, pipes, mount points."""

import os
import stat
import subprocess
from pathlib import Path
from threading import Thread

import pytest

from netio import Neighbor
from netio.formats import read_neighbors, write_neighbors
from netlab.child import UNPRIVILEGED, environment, python

OLD = [Neighbor("192.0.2.7", "02:00:5e:00:00:07", interface="eth0")]
NEW = [Neighbor("192.0.2.8", "02:00:5e:00:00:08", interface="eth0")]

WRITE = (
    "import sys\nfrom netio import Neighbor\nfrom netio.formats import write_neighbors\nwrite_neighbors(sys.argv[1], "
)
WRITE += "[Neighbor('192.0.2.8', '02:00:5e:00:00:08', interface='eth0')])"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with old entries, alone in its folder."""
    (tmp_path / "folder").mkdir()
    path = tmp_path / "folder" / "entries"
    write_neighbors(path, OLD)
    return path


def siblings(path: Path) -> list[str]:
    return [other.name for other in path.parent.iterdir()]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666, 0o444])
def test_mode_is_kept(path: Path, mode: int) -> None:
    """Bug: the file that only root could read is readable for everyone after it was replaced, or the reverse."""
    path.chmod(mode)
    before = path.stat().st_ino
    write_neighbors(path, NEW)
    assert read_neighbors(path) == NEW
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert path.stat().st_ino != before
    assert siblings(path) == ["entries"]


def test_new_file_has_the_mode_of_the_umask(path: Path) -> None:
    """Bug: a new file is as private as the temporary one."""
    code = f"import os\nos.umask(0o027)\n{WRITE}"
    new = path.with_name("new")
    subprocess.run([*python(code), str(new)], env=environment(), check=True)
    assert stat.S_IMODE(new.stat().st_mode) == 0o640


def test_owner_is_kept_by_root(path: Path) -> None:
    """Bug: a file of another user belongs to root after it was replaced."""
    group = 1 if os.geteuid() == 0 and can_own(path, 1) else os.getegid()
    os.chown(path, -1, group)
    write_neighbors(path, NEW)
    assert path.stat().st_gid == group
    assert read_neighbors(path) == NEW


def can_own(path: Path, group: int) -> bool:
    """Whether the user namespace has a second group: one of an ordinary user has only its own."""
    probe = path.with_name("probe")
    probe.touch()
    try:
        os.chown(probe, -1, group)
    except OSError:
        return False
    finally:
        probe.unlink()
    return True


def test_symbolic_link_is_written_through(path: Path) -> None:
    """Bug: the link is replaced by a file, and the file that it names stays old."""
    link = path.with_name("link")
    link.symlink_to("entries")
    write_neighbors(link, NEW)
    assert link.is_symlink()
    assert read_neighbors(path) == NEW
    assert sorted(siblings(path)) == ["entries", "link"]


def test_pipe_is_written_to(path: Path) -> None:
    """Bug: a named pipe is replaced by a file, and its reader waits for ever."""
    pipe = path.with_name("pipe")
    os.mkfifo(pipe)
    read: list[Neighbor] = []
    reader = Thread(target=lambda: read.extend(read_neighbors(pipe)))
    reader.start()
    write_neighbors(pipe, NEW)
    reader.join()
    assert read == NEW
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_device_is_written_to() -> None:
    before = Path("/dev/null").stat().st_ino
    write_neighbors("/dev/null", NEW)
    assert Path("/dev/null").stat().st_ino == before


def test_mount_point_is_written_in_place(path: Path) -> None:
    """Bug: a file that a container mounts from its host cannot be written (EBUSY)."""
    mounted = path.with_name("mounted")
    mounted.touch()
    script = f'mount --bind "{path}" "{mounted}" && "$@" "{mounted}"'
    subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", *python(WRITE)],
        env=environment(),
        check=True,
    )
    assert read_neighbors(path) == NEW
    assert sorted(siblings(path)) == ["entries", "mounted"]


def test_file_in_a_folder_that_cannot_be_changed_is_written_in_place(path: Path) -> None:
    """Bug: a file that the user may write cannot be written, since its folder belongs to root."""
    path.parent.chmod(0o555)
    try:
        before = path.stat().st_ino
        subprocess.run([*UNPRIVILEGED, *python(WRITE), str(path)], env=environment(), check=True)
    finally:
        path.parent.chmod(0o755)
    assert read_neighbors(path) == NEW
    assert path.stat().st_ino == before
