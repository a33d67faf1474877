from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from saaskit_core.features import (
    Feature,
    FeatureDefinition,
    FeatureType,
    FeatureValueInvalid,
    Override,
    OverrideScope,
    Reason,
    UnknownFeature,
)
from saaskit_django import registry
from saaskit_django.customers.selectors import computed_customer
from saaskit_django.features.models import FeatureFlags, FeatureOverride
from saaskit_django.features.selectors import (
    FeatureNotInPlan,
    entitlements,
    entitlements_of,
    feature_set,
    require,
)
from saaskit_django.features.services import add_override, end_override
from saaskit_django.plans import models
from saaskit_django.plans.selectors import FEATURE_DEFINITIONS, feature_definitions
from tests.builders import make_customer, make_plan, make_user

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 6, 1, tzinfo=UTC)
CSV = Feature.EXPORT_CSV


def override(path: str = CSV, value: Any = True, **more: Any) -> Override:
    return Override(path=path, value=value, scope=OverrideScope.USER, **more)


def test_without_a_subscription_the_default_plan_counts() -> None:
    make_plan("free", features={"export_formats": {"csv": True}})
    customer = make_customer()
    found = entitlements(customer, now=NOW)
    assert found.plan is not None
    assert found.plan.key == "free"
    assert feature_set(customer, now=NOW).allows(CSV)
    resolution = found.features.boolean(CSV, False)
    assert resolution.reason is Reason.TARGETING_MATCH
    assert resolution.flag_metadata["plan"] == "free"


def test_without_any_plan_the_defaults_count() -> None:
    found = entitlements(computed_customer(make_user()), now=NOW)
    assert found.plan is None
    assert not found.features.allows(CSV)
    assert found.features.limit(Feature.API_CALLS_PER_HOUR) is None


def test_overrides_are_for_one_customer_one_user_or_everybody() -> None:
    make_plan("free")
    customer, other = make_customer(), make_customer("b@example.com")
    add_override(override(), actor="engine", customer=customer)
    add_override(override(Feature.EXPORT_PDF), actor="engine", user=customer.user)
    add_override(override(Feature.EXPORT_EXCEL), actor="engine")
    mine, theirs = feature_set(customer, now=NOW), feature_set(other, now=NOW)
    assert [mine.allows(p) for p in (CSV, Feature.EXPORT_PDF, Feature.EXPORT_EXCEL)] == [True] * 3
    assert [theirs.allows(p) for p in (CSV, Feature.EXPORT_PDF, Feature.EXPORT_EXCEL)] == [
        False,
        False,
        True,
    ]
    assert {row.scope for row in FeatureOverride.objects.all()} == set(OverrideScope)
    assert str(FeatureOverride.objects.get(path=CSV)) == f"{CSV} for organisation"


def test_an_override_counts_within_its_window_on_the_customers_clock() -> None:
    customer = make_customer(clock_offset=timedelta(days=10))
    ends_at = NOW + timedelta(days=5)
    add_override(override(ends_at=ends_at), actor="engine", customer=customer)
    assert not feature_set(customer, now=NOW).allows(CSV)
    customer.clock_offset = timedelta(0)
    found = feature_set(customer, now=NOW)
    assert found.allows(CSV)
    assert found.valid_until == ends_at


def test_an_override_is_checked_before_it_is_written() -> None:
    with pytest.raises(UnknownFeature, match=r"did you mean export_formats\.csv"):
        add_override(override("export_formats.cvs"), actor="engine")
    with pytest.raises(FeatureValueInvalid):
        add_override(override(value="yes"), actor="engine")
    assert not FeatureOverride.objects.exists()


def test_an_override_is_ended_once() -> None:
    customer = make_customer()
    row = add_override(override(), actor="engine", customer=customer)
    later = add_override(override(starts_at=NOW + timedelta(days=1)), actor="engine")
    assert end_override(override_id=row.pk, now=NOW, actor="engine")
    assert not end_override(override_id=row.pk, now=NOW + timedelta(1), actor="engine")
    assert end_override(override_id=later.pk, now=NOW, actor="engine")
    assert not feature_set(customer, now=NOW).allows(CSV)
    assert list(FeatureOverride.objects.values_list("pk", flat=True)) == [row.pk]


@pytest.mark.parametrize(
    "wrong",
    [
        {"mode": "maybe"},
        {"starts_at": NOW, "ends_at": NOW},
    ],
)
def test_the_database_refuses_an_impossible_override(wrong: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        FeatureOverride.objects.create(path=CSV, value=True, **wrong)


def test_the_database_refuses_an_override_for_two() -> None:
    customer = make_customer()
    with pytest.raises(IntegrityError), transaction.atomic():
        FeatureOverride.objects.create(path=CSV, value=1, customer=customer, user=customer.user)


def test_requiring_a_feature_refuses_by_name() -> None:
    found = feature_set(make_customer(), now=NOW)
    with pytest.raises(FeatureNotInPlan, match=r"does not include export_formats\.csv"):
        require(found, CSV)
    require(found, Feature.API_CALLS_PER_HOUR)


def test_a_request_works_it_out_once(django_assert_num_queries: Any) -> None:
    make_plan("free")
    request: Any = HttpRequest()
    request.user = make_customer().user
    first = entitlements_of(request, now=NOW)
    with django_assert_num_queries(0):
        assert entitlements_of(request, now=NOW) is first


def test_working_it_out_asks_few_questions(django_assert_max_num_queries: Any) -> None:
    make_plan("free", features={"export_formats": {"csv": True}})
    customer = make_customer()
    with django_assert_max_num_queries(6):
        assert feature_set(customer, now=NOW).allows(CSV)


def test_features_come_from_apps_and_catalogues_and_apps_win(monkeypatch: Any) -> None:
    seats = FeatureDefinition(path="seats.max", type=FeatureType.LIMIT, default=3)
    monkeypatch.setitem(registry._contributed, FEATURE_DEFINITIONS, [[seats]])
    models.CustomFeature.objects.create(path="seats.max", type="int", default=1)
    models.CustomFeature.objects.create(path="seats", type="int", default=1)
    models.CustomFeature.objects.create(path="seats.max.more", type="int", default=1)
    models.CustomFeature.objects.create(path="seatings", type="int", default=1)
    found = feature_definitions()
    assert found["seats.max"] == seats
    assert "seatings" in found
    assert not {"seats", "seats.max.more"} & found.keys()
    assert FeatureFlags is models.FeatureFlags
