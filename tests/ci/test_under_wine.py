# SPDX-License-Identifier: MIT
"""The script of the tests under Wine, as far as it runs without Wine."""

import os
import subprocess
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "windows/under_wine"


def test_failed_command_is_named(tmp_path: Path) -> None:
    """Bug: the script ends with a status and no output, for example after the first start of Wine."""
    (tmp_path / "ip").write_text("#!/bin/sh\nexit 7\n", encoding="utf-8")
    (tmp_path / "ip").chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run([SCRIPT, tmp_path], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 7
    assert "under_wine: line" in done.stderr
    assert "ip link set lo up: exit status 7" in done.stderr
