from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.core.checks import run_checks
from rest_framework.test import APIRequestFactory

from saaskit_core.features import FeatureDefinition, FeatureType
from saaskit_django import registry
from saaskit_django.features.permissions import requires_feature
from saaskit_django.features.selectors import FeatureNotInPlan
from saaskit_django.plans import selectors
from saaskit_django.plans.selectors import FEATURE_DEFINITIONS
from tests.builders import Api, make_plan, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def test_plans_for_sale_are_for_anyone() -> None:
    make_plan("pro", "29.99", features={"api_access": {"calls_per_hour": 100, "daily_limit": 9}})
    make_plan("free")
    answer = Api().get("auth/subscriptionplans/")
    assert answer.status_code == 200
    data = answer.json()
    assert [plan["key"] for plan in data["results"]] == ["free", "pro"]
    pro = data["results"][1]
    assert (pro["monthly_price"], pro["yearly_price"], pro["currency"]) == ("29.99", None, "USD")
    assert (pro["max_api_calls_per_hour"], pro["max_operations"]) == (100, 9)
    assert pro["prices"][0]["billing_frequency"] == "Monthly"


def test_plans_are_filtered_by_currency_and_a_wrong_one_is_refused() -> None:
    make_plan("pro", "29.99")
    make_plan("euro", "25", currency="EUR")
    found = Api().get("auth/subscriptionplans/?currency=EUR").json()
    assert [plan["key"] for plan in found["results"]] == ["euro"]
    for query in ("currency=XXX", "currency=", "colour=red"):
        assert Api().get(f"auth/subscriptionplans/?{query}").status_code == 400


def test_many_plans_cost_no_more_questions(django_assert_max_num_queries: Any) -> None:
    for number in range(12):
        make_plan(f"p{number}", str(number))
    with django_assert_max_num_queries(5):
        assert Api().get("auth/subscriptionplans/").json()["count"] == 12


def test_ones_features_are_resolved() -> None:
    make_plan("free", features={"export_formats": {"csv": True}})
    assert Api().get("core/features/").status_code == 401
    data = Api(make_user()).get("core/features/").json()
    assert data["plan"]["key"] == "free"
    assert data["features"]["export_formats"] == {"csv": True, "pdf": False, "excel": False}
    assert data["features"]["api_access"]["calls_per_hour"] == "unlimited"


def test_without_a_plan_the_defaults_are_shown() -> None:
    data = Api(make_user()).get("core/features/").json()
    assert data["plan"] is None
    assert data["features"]["team_collaboration"] == {"max_members": 1}


def test_a_view_may_require_a_feature() -> None:
    make_plan("free", features={"export_formats": {"csv": True}})
    request = APIRequestFactory().get("/")
    request.user = make_user()
    assert requires_feature("export_formats.csv")().has_permission(request, None)
    with pytest.raises(FeatureNotInPlan):
        requires_feature("export_formats.pdf")().has_permission(request, None)


def test_colliding_contributions_are_a_system_check(monkeypatch: Any) -> None:
    wrong = FeatureDefinition(path="storage", type=FeatureType.BOOL, default=True)
    monkeypatch.setitem(registry._contributed, FEATURE_DEFINITIONS, [[wrong]])
    assert "saaskit.E050" in {message.id for message in run_checks(tags=["saaskit"])}
    monkeypatch.setitem(registry._contributed, FEATURE_DEFINITIONS, [])
    assert "saaskit.E050" not in {message.id for message in run_checks(tags=["saaskit"])}


def test_a_plugins_feature_is_used_unless_it_collides(monkeypatch: Any) -> None:
    good = FeatureDefinition(path="seo.audits", type=FeatureType.LIMIT, default=3)
    bad = FeatureDefinition(path="storage", type=FeatureType.BOOL, default=True)
    report = replace(registry.plugins(), feature_definitions=(good, bad))
    monkeypatch.setattr(selectors, "plugins", lambda: report)
    data = Api(make_user()).get("core/features/").json()
    assert data["features"]["seo"] == {"audits": 3}
    assert data["features"]["storage"] == {"limit_mb": 0}
    named = [m.msg for m in run_checks(tags=["saaskit"]) if m.id == "saaskit.W055"]
    assert len(named) == 1
    assert "the feature storage" in named[0]
