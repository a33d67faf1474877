"""From which network address a request comes, believing exactly as many proxies as are ours."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from saaskit_django.conf import conf

if TYPE_CHECKING:
    from django.http import HttpRequest
    from rest_framework.request import Request


def client_ip(request: Request | HttpRequest) -> str:
    """Return the client's IP address, "" when there is none (a Unix socket without a proxy).

    X-Forwarded-For is a list that anyone may start and each proxy appends to: with
    `TRUSTED_PROXIES` n, the n-th entry from its end is what our outermost proxy saw.
    """
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    chain = [*(part for part in forwarded.split(",") if part.strip()), _peer(request)]
    place = min(conf().trusted_proxies + 1, len(chain))
    return _address(chain[-place]) or _address(_peer(request))


def _peer(request: Request | HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))


def _address(text: str) -> str:
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        address = ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
