"""Every error is a problem document that says what a client needs and nothing else."""

from __future__ import annotations

import logging

import pytest
from django.core.signals import got_request_exception

from saaskit_django.rest import problems
from saaskit_django.rest.request_ids import HEADER

MEMBERS = {"type", "title", "status", "detail", "instance", "code"}


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ("404", 404, "not_found"),
        ("403", 403, "permission_denied"),
        ("suspicious", 400, "bad_request"),
        ("busy", 503, "database_busy"),
        ("bug", 500, "internal_error"),
        ("throttled", 429, "too_many_requests"),
        ("slow", 429, "slow_down_for_tests"),
        ("declined", 402, "payment_declined"),
        ("teapot", 418, "error"),
    ],
)
def test_any_exception_becomes_a_problem(anyone, how, status, code):
    response = anyone.get(f"/fail/{how}/")
    document = response.json()
    assert response.status_code == document["status"] == status
    assert response["Content-Type"] == "application/problem+json"
    assert set(document) >= MEMBERS
    assert document["code"] == code
    assert document["instance"] == response[HEADER]


@pytest.mark.parametrize("how", ["bug", "busy"])
def test_a_fault_tells_the_caller_nothing_and_the_log_everything(anyone, how, caplog):
    with caplog.at_level(logging.ERROR, logger="saaskit.rest"):
        response = anyone.get(f"/fail/{how}/")
    assert b"secret" not in response.content
    assert "secret" in caplog.text


def test_a_fault_is_reported_to_the_host(anyone):
    seen = []
    got_request_exception.connect(lambda **kwargs: seen.append(kwargs["request"].path), weak=False)
    anyone.get("/fail/bug/")
    anyone.get("/fail/404/")
    assert seen == ["/fail/bug/"]


def test_a_decline_says_the_closed_reason(anyone):
    assert anyone.get("/fail/declined/").json()["reason"] == "expired_card"


def test_an_error_class_may_add_a_type_members_and_a_wait(anyone):
    response = anyone.get("/fail/slow/")
    assert response["Retry-After"] == "13"
    assert response.json()["type"] == "https://example.com/slow"
    assert response.json()["limit"] == 7


@pytest.mark.parametrize(("how", "wait"), [("throttled", "7"), ("busy", "1")])
def test_what_may_be_tried_again_says_when(anyone, how, wait):
    assert anyone.get(f"/fail/{how}/")["Retry-After"] == wait


def test_a_wrong_method_is_405_with_allow(anyone):
    response = anyone.send("DELETE", "/echo/")
    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
    assert {"GET", "POST"} <= set(response["Allow"].replace(" ", "").split(","))


def test_nobody_is_401_with_a_challenge(anyone):
    response = anyone.post("/buy/")
    assert (response.status_code, response.json()["code"]) == (401, "not_signed_in")
    assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.django_db
def test_bad_credentials_are_401(anyone):
    assert anyone.post("/buy/", **{"x-user": "999999"}).status_code == 401


def test_options_says_what_is_possible_and_accept_is_not_argued_about(anyone):
    assert anyone.send("OPTIONS", "/echo/").status_code == 204
    assert anyone.get("/echo/", accept="text/html")["Content-Type"] == "application/json"


def test_answers_stay_out_of_shared_caches(anyone):
    assert anyone.get("/echo/")["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("abc-1.2_3", True), ("a" * 65, False), ("a b", False), ("", False), ("é", False)],
)
def test_a_sane_request_id_is_kept(anyone, sent, kept):
    response = anyone.get("/echo/", **{"x-request-id": sent})
    assert (response[HEADER] == sent) is kept


def test_details_are_translated_and_codes_are_not(anyone, settings, monkeypatch):
    monkeypatch.setattr(problems, "gettext", lambda text: f"«{text}»")
    document = anyone.get("/fail/404/").json()
    assert document["detail"] == "«There is no such thing.»"
    assert document["code"] == "not_found"


def test_pointers_are_escaped_and_short():
    assert problems.escaped("a/b~c" + "x" * 100) == "a~1b~0c" + "x" * 59
