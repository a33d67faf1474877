from __future__ import annotations

import json
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from saaskit_django.accounts.models import User

PASSWORD = "correct horse battery staple"


class Api:
    """A client that speaks JSON and keeps the tokens of one login."""

    def __init__(self, ip: str = "203.0.113.7") -> None:
        self.client = Client(raise_request_exception=False, REMOTE_ADDR=ip)
        self.access = ""
        self.refresh = ""

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        if self.access:
            headers.setdefault("authorization", f"Bearer {self.access}")
        data = "" if body is None else json.dumps(body)
        return self.client.generic(
            method, f"/api/{path}", data, content_type="application/json", headers=headers
        )

    def post(self, path: str, **body: Any) -> HttpResponse:
        return self.call("POST", path, body)

    def patch(self, path: str, **body: Any) -> HttpResponse:
        return self.call("PATCH", path, body)

    def get(self, path: str) -> HttpResponse:
        return self.call("GET", path)

    def login(self, email: str, password: str = PASSWORD) -> HttpResponse:
        response = self.post("auth/login/", email=email, password=password)
        if response.status_code == 200:
            self.take(response)
        return response

    def take(self, response: HttpResponse) -> None:
        self.access = response.json()["access"]
        self.refresh = response.json()["refresh"]


def problem(response: HttpResponse) -> tuple[int, str]:
    """Status and code of an error answer, checked to be one."""
    assert response["Content-Type"] == "application/problem+json", response.content
    document = response.json()
    assert document["status"] == response.status_code
    return response.status_code, document["code"]


def field_errors(response: HttpResponse) -> dict[str, str]:
    assert response.status_code == 400, response.content
    return {each["pointer"]: each["code"] for each in response.json().get("errors", [])}


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_user("ada@example.com", PASSWORD, full_name="Ada Lovelace")


@pytest.fixture
def signed_in(api: Api, user: User) -> Api:
    assert api.login(user.email).status_code == 200
    return api
