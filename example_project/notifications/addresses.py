"""Which URLs and addresses may be called: partners' staff type them, and this machine is inside.

What a name resolves to is checked and then connected to, never resolved again: the second answer
may be another one.
"""

import ipaddress
import socket
from urllib.parse import urlsplit

from django.conf import settings

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Refused(Exception):
    """Nothing is sent there."""


def option(name):
    """Return what ``settings.NOTIFICATIONS`` says; everything in it widens what is allowed."""
    return getattr(settings, "NOTIFICATIONS", {}).get(name, ())


def require_allowed_url(url):
    """Check all of a URL that can be checked without asking a name server.

    :returns: its parts.
    :raises Refused: it is no http or https URL, or one that is not allowed.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise Refused(f"This is no URL: {error}.") from error
    schemes = ("https", "http") if option("ALLOW_HTTP") else ("https",)
    if parts.scheme not in schemes or not host or port == 0:
        raise Refused("The URL begins with https:// and the name of a host.")
    if "@" in parts.netloc:
        raise Refused("The URL has no user name and no password.")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return parts
    _require_public(address)
    return parts


def resolve(host, port):
    """Return the addresses of a host.

    :raises Refused: one of them is not allowed, since no honest name leads outside and inside.
    :raises OSError: there is none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise Refused("This is no name of a host.") from error
    addresses = list(dict.fromkeys(entry[4][0] for entry in found))
    for address in addresses:
        _require_public(ipaddress.ip_address(address))
    return addresses


def _require_public(address):
    allowed = [ipaddress.ip_network(network) for network in option("ALLOWED_NETWORKS")]
    for each in (address, *_translated(address)):
        # Global ones are neither private, loopback, link-local, shared (RFC 6598) nor reserved.
        is_public = each.is_global and not each.is_multicast
        if not is_public and not any(each in network for network in allowed):
            raise Refused("The URL leads to an address that is not public.")


def _translated(address):
    """List the IPv4 addresses that an IPv6 address may be turned into on its way."""
    if address.version == 4:
        return []
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [each for each in found if each is not None]
