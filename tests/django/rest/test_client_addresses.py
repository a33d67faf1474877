from __future__ import annotations

import pytest
from django.test import RequestFactory, override_settings

from saaskit_django.rest.client_addresses import client_ip


@pytest.mark.parametrize(
    ("proxies", "forwarded", "peer", "client"),
    [
        (0, None, "203.0.113.9", "203.0.113.9"),
        (0, "198.51.100.1", "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1", "10.0.0.1", "198.51.100.1"),
        (1, "6.6.6.6, 198.51.100.1", "10.0.0.1", "198.51.100.1"),
        (2, "6.6.6.6, 198.51.100.1, 10.0.0.2", "10.0.0.1", "198.51.100.1"),
        (2, "198.51.100.1", "10.0.0.1", "198.51.100.1"),
        (1, "198.51.100.1:4711", "10.0.0.1", "198.51.100.1"),
        (1, "[2001:db8::1]:443", "10.0.0.1", "2001:db8::1"),
        (1, "2001:db8::1", "10.0.0.1", "2001:db8::1"),
        (1, "::ffff:198.51.100.1", "10.0.0.1", "198.51.100.1"),
        (1, "unknown", "10.0.0.1", "10.0.0.1"),
        (1, "<script>", "10.0.0.1", "10.0.0.1"),
        (1, " , ", "10.0.0.1", "10.0.0.1"),
        (0, None, "", ""),
    ],
)
def test_only_our_own_proxies_are_believed(
    proxies: int, forwarded: str | None, peer: str, client: str
) -> None:
    headers = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
    request = RequestFactory().get("/", REMOTE_ADDR=peer, **headers)
    with override_settings(SAASKIT={"TRUSTED_PROXIES": proxies}):
        assert client_ip(request) == client
