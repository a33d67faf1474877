from __future__ import annotations

import json
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from tests.projects.own_user_model.people.models import Person


class Caller:
    """Calls the site as one person, the way this host knows him."""

    prefix = "/saas/v9"

    def __init__(self, person: Person | None = None) -> None:
        self.person = person
        self.client = Client(raise_request_exception=False)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        if self.person is not None:
            headers.setdefault("x-person", self.person.nickname)
        data = "" if body is None else json.dumps(body)
        return self.client.generic(
            method, f"{self.prefix}{path}", data, content_type="application/json", headers=headers
        )


@pytest.fixture
def ada(transactional_db: None) -> Caller:
    return Caller(Person.objects.create_user("ada", mailbox="ada@example.com"))


@pytest.fixture
def bob(transactional_db: None) -> Caller:
    return Caller(Person.objects.create_user("bob"))
