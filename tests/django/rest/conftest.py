from __future__ import annotations

import json
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from tests.builders import make_user


class Caller:
    """Sends JSON as one user, known by a header."""

    def __init__(self, user: Any = None) -> None:
        self.user = user
        self.client = Client(raise_request_exception=False)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        if self.user is not None:
            headers.setdefault("x-user", str(self.user.pk))
        data = body if isinstance(body, bytes | str) else json.dumps(body)
        return self.client.generic(
            method,
            path,
            "" if body is None else data,
            content_type=headers.pop("content_type", "application/json"),
            headers=headers,
        )

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        return self.send("POST", path, {} if body is None else body, **headers)


@pytest.fixture(autouse=True)
def _routes(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.django.rest.routes"
    settings.SAASKIT = {**settings.SAASKIT, "AUTHENTICATION": ["tests.identification.ByHeader"]}


@pytest.fixture
def anyone() -> Caller:
    return Caller()


@pytest.fixture
def ada(db: None) -> Caller:
    return Caller(make_user("ada@example.com"))
