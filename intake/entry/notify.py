"""What systemd is told of a service of Type=notify: sd_notify(3), a datagram to the socket that it names.

Own code: ten lines, where the libraries for it bring a C library or a daemon's whole frame.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress

READY, ALIVE, STOPPING = "READY=1", "WATCHDOG=1", "STOPPING=1"


def notify(state: str) -> None:
    """Tell systemd; nothing happens where nobody asked to be told."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as messenger:
        messenger.sendto(state.encode(), address.replace("@", "\0", 1) if address.startswith("@") else address)
