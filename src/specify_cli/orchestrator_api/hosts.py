"""Which names a server answers to, so that a web page cannot reach it under a name of its own.

A page that resolves its own name to this machine (DNS rebinding) sends that name as `Host`. It can
never send an address, because an address is not resolved.
"""

from __future__ import annotations

import ipaddress
from typing import Final

LOOPBACK_NAME: Final = "localhost"


def is_loopback(host: str) -> bool:
    """Tell whether a name or an address is this machine and nothing else."""
    address = _address(host)
    return host.lower() == LOOPBACK_NAME if address is None else address.is_loopback


def is_own_host(header: str | None, bound: str) -> bool:
    """Tell whether a `Host` header names the server that was bound to a name or an address.

    A server on the loopback answers to loopback addresses and `localhost`; one elsewhere to any
    address and to the name that it was given.
    """
    name = host_of(header or "")
    if is_loopback(name):
        return True
    if is_loopback(bound):
        return False
    return _address(name) is not None or name.lower() == bound.lower()


def host_of(header: str) -> str:
    """Return the host of a `Host` header without its port and without the brackets of IPv6."""
    name, colon, port = header.rpartition(":")
    if not (colon and port.isdecimal()):
        name = header
    if name.startswith("[") and name.endswith("]"):
        return name[1:-1]
    return name


def url_of(host: str, port: int) -> str:
    """Return the address under which a client on this machine reaches a server."""
    address = _address(host)
    if address is not None and address.is_unspecified:
        host = "127.0.0.1" if address.version == 4 else "::1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
