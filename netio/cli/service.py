# SPDX-License-Identifier: MIT
"""Notifies the service manager that started the command (sd_notify(3))."""

from __future__ import annotations

import os
import socket
import sys

# The variable in which a service manager passes the address for notifications.
_NOTIFY_SOCKET = "NOTIFY_SOCKET"


def notify_ready() -> None:
    """Notifies the service manager, if there is one, that the command has started."""
    address = os.environ.get(_NOTIFY_SOCKET, "")
    if address and sys.platform != "win32":  # where Python has no AF_UNIX
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"READY=1", b"\0" + os.fsencode(address[1:]) if address.startswith("@") else address)
