"""The network that an address belongs to: what is kept of an address, and what is counted instead of it."""
from __future__ import annotations

import ipaddress
from functools import lru_cache


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """The network of an address, as in 203.0.113.0/24 or 2001:db8:1::/48; empty for what is no address.

    One subscriber holds a whole IPv6 network, so its single addresses are no measure of who asks.
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return str(ipaddress.ip_network((ip, 24 if ip.version == 4 else 48), strict=False))
