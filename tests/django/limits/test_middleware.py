from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.checks import run_checks
from django.db import OperationalError
from django.test import Client

from saaskit_core.features import Override, OverrideScope
from saaskit_django.features.services import add_override
from saaskit_django.limits import stores
from saaskit_django.limits.checks import MIDDLEWARE
from saaskit_django.limits.models import UsageCounter
from tests.builders import START, Api, make_plan, make_user

pytestmark = pytest.mark.django_db(transaction=True)

NOTIFICATION = {"title": "T", "message": "M", "type": "System"}


@pytest.fixture(autouse=True)
def limited(settings: Any) -> Any:
    others = [name for name in settings.MIDDLEWARE if name != MIDDLEWARE]
    settings.MIDDLEWARE = [*others, MIDDLEWARE]
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


def plan(**limits: Any) -> None:
    make_plan("free", features={"api_access": limits})


def test_the_call_after_the_last_one_is_429() -> None:
    plan(calls_per_hour=3)
    api = Api(make_user())
    answers = [api.get("core/features/") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[0]["RateLimit-Policy"] == '"api_calls_per_hour";q=3;w=3600'
    assert [a["RateLimit"] for a in answers[:3]] == [
        f'"api_calls_per_hour";r={left};t=3600' for left in (2, 1, 0)
    ]
    refused = answers[3]
    assert refused["Content-Type"] == "application/problem+json"
    assert refused["Retry-After"] == "3601"
    assert refused["RateLimit"] == '"api_calls_per_hour";r=0;t=3601'
    problem = refused.json()
    assert problem["type"] == "https://iana.org/assignments/http-problem-types#quota-exceeded"
    assert (problem["code"], problem["status"]) == ("quota_exceeded", 429)
    assert problem["violated-policies"] == ["api_calls_per_hour"]
    assert (problem["limit"], problem["used"]) == (3, 3)
    assert problem["instance"] == refused["X-Request-ID"]


def test_waiting_as_long_as_told_works(limited: Any) -> None:
    plan(calls_per_hour=2)
    api = Api(make_user())
    answers = [api.get("core/features/") for _ in range(3)]
    limited.shift(timedelta(seconds=int(answers[2]["Retry-After"])))
    assert api.get("core/features/").status_code == 200


def test_each_user_has_his_own_limit_and_strangers_have_none() -> None:
    plan(calls_per_hour=1)
    first, second = Api(make_user()), Api(make_user("b@example.com"))
    assert first.get("core/features/").status_code == 200
    assert second.get("core/features/").status_code == 200
    assert first.get("core/features/").status_code == 429
    stranger = Api().get("core/features/")
    assert stranger.status_code == 401
    assert "RateLimit" not in stranger


def test_a_broken_token_is_refused_by_the_view() -> None:
    plan(calls_per_hour=1)
    answer = Api().get("core/features/", authorization="Bearer nonsense")
    assert answer.status_code == 401
    assert not UsageCounter.objects.exists()


def test_a_session_counts_as_well() -> None:
    plan(calls_per_hour=1)
    client = Client()
    client.force_login(make_user())
    client.get("/api/core/features/")
    assert UsageCounter.objects.get().used == 1


def test_only_the_core_endpoints_are_limited() -> None:
    plan(calls_per_hour=1)
    api = Api(make_user())
    for _ in range(3):
        assert api.get("auth/subscriptionplans/").status_code == 200
    assert not UsageCounter.objects.exists()


def test_an_unlimited_plan_is_not_counted() -> None:
    plan(calls_per_hour="unlimited")
    answer = Api(make_user()).get("core/features/")
    assert answer.status_code == 200
    assert "RateLimit" not in answer
    assert not UsageCounter.objects.exists()


def test_what_is_not_in_the_plan_is_403_without_a_time_to_retry() -> None:
    plan(calls_per_hour=0)
    answer = Api(make_user()).get("core/features/")
    assert (answer.status_code, answer.json()["code"]) == (403, "feature_not_in_plan")
    assert "Retry-After" not in answer


def test_an_operation_counts_when_it_succeeds() -> None:
    plan(daily_limit=2)
    api = Api(make_user())
    assert api.get("core/notifications/list/").status_code == 200
    assert api.post("core/notifications/create/", {}).status_code == 400
    answers = [api.post("core/notifications/create/", NOTIFICATION) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert answers[2]["Retry-After"] == str(12 * 3600)
    assert answers[0]["RateLimit-Policy"] == '"operations_per_day";q=2;w=86400'


def test_a_refused_operation_charges_no_call() -> None:
    plan(calls_per_hour=10, daily_limit=0)
    api = Api(make_user())
    assert api.post("core/notifications/create/", NOTIFICATION).status_code == 403
    limits = api.get("core/subscription/limits/").json()["limits"]
    assert limits["api_limit"]["current_usage"] == 0


def test_a_downgrade_leaves_nothing_and_never_less() -> None:
    plan(calls_per_hour=10)
    user = make_user()
    api = Api(user)
    for _ in range(5):
        assert api.get("core/features/").status_code == 200
    lower = Override(path="api_access.calls_per_hour", value=2, scope=OverrideScope.USER)
    add_override(lower, actor="engine", user=user)
    refused = api.get("core/features/")
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 3600
    limits = api.get("core/subscription/limits/").json()["limits"]["api_limit"]
    assert (limits["current_usage"], limits["remaining"], limits["can_make_call"]) == (5, 0, False)


def test_ones_limits_are_shown_even_when_they_are_reached() -> None:
    plan(calls_per_hour=1, daily_limit=5)
    api = Api(make_user())
    api.get("core/features/")
    assert api.get("core/features/").status_code == 429
    answer = api.get("core/subscription/limits/")
    assert answer.json() == {
        "limits": {
            "api_limit": {
                "can_make_call": False,
                "max_calls_per_hour": 1,
                "current_usage": 1,
                "remaining": 0,
                "resets_at": "2026-06-01T13:00:00Z",
            },
            "operation_limit": {
                "can_perform_operation": True,
                "max_operations": 5,
                "current_usage": 0,
                "remaining": 5,
                "resets_at": "2026-06-02T00:00:00Z",
            },
        }
    }
    only = api.get("core/subscription/limits/?check_type=operation_limit").json()["limits"]
    assert list(only) == ["operation_limit"]
    assert api.get("core/subscription/limits/?check_type=some").status_code == 400


def test_no_limit_is_null() -> None:
    make_plan("free")
    shown = Api(make_user()).get("core/subscription/limits/").json()["limits"]["api_limit"]
    assert shown == {
        "can_make_call": True,
        "max_calls_per_hour": None,
        "current_usage": None,
        "remaining": None,
        "resets_at": None,
    }


@pytest.mark.parametrize(
    ("style", "names"),
    [
        ("legacy", {"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"}),
        (
            "both",
            {
                "RateLimit",
                "RateLimit-Policy",
                "X-RateLimit-Limit",
                "X-RateLimit-Remaining",
                "X-RateLimit-Reset",
            },
        ),
        ("none", set()),
    ],
)
def test_the_headers_are_a_choice(style: str, names: set[str], settings: Any) -> None:
    settings.SAASKIT = {**settings.SAASKIT, "RATELIMIT_HEADERS": style}
    plan(calls_per_hour=3)
    answer = Api(make_user()).get("core/features/")
    assert {name for name in answer.headers if "ratelimit" in name.lower()} == names


class Unreachable:
    def consume(self, *_: Any, **__: Any) -> Any:
        raise OperationalError("gone")


def test_an_outage_of_the_counters_lets_calls_through(monkeypatch: Any) -> None:
    plan(calls_per_hour=1)
    monkeypatch.setattr(stores, "store", Unreachable)
    api = Api(make_user())
    answers = [api.get("core/features/") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert "RateLimit" not in answers[0]


def test_somebody_elses_customer_is_404() -> None:
    plan(calls_per_hour=1)
    assert Api(make_user()).get("core/features/", **{"x-customer": "999"}).status_code == 404


def ids() -> set[str | None]:
    return {message.id for message in run_checks(tags=["saaskit"])}


def test_a_middleware_that_is_missing_or_too_early_is_a_system_check(settings: Any) -> None:
    assert not {"saaskit.W051", "saaskit.E052"} & ids()
    settings.MIDDLEWARE = [MIDDLEWARE, *settings.MIDDLEWARE[:-1]]
    assert "saaskit.E052" in ids()
    settings.MIDDLEWARE = settings.MIDDLEWARE[1:]
    assert "saaskit.W051" in ids()


def test_settings_that_cant_count_are_system_checks(settings: Any) -> None:
    settings.SAASKIT = {**settings.SAASKIT, "RATE_LIMITS": {"coupon": "many"}, "COUNTERS": "memory"}
    assert "saaskit.E054" in ids()
    deployed = run_checks(tags=["saaskit"], include_deployment_checks=True)
    assert "saaskit.W053" in {message.id for message in deployed}
    settings.SAASKIT = {"UNKNOWN": 1}
    run_checks(tags=["saaskit"], include_deployment_checks=True)
