"""Addresses of services that we call. Pure."""
from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit


def service_address(url: str) -> SplitResult:
    """The parts of a service's address: https, or http on this machine alone. Raises ValueError for any other."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("write it as https://host/path, without user, query or fragment")
    if parts.scheme == "http" and not _is_here(parts.hostname):
        raise ValueError("a service on another machine is asked over https")
    return parts


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
