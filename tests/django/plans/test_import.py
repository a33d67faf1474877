from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from saaskit_core.catalog import parse_catalog
from saaskit_core.features import FeatureValueInvalid, UnknownFeature
from saaskit_core.money import Money
from saaskit_core.periods import BillingFrequency
from saaskit_core.plans import Plan, PriceNotForSale
from saaskit_core.plans import Price as CorePrice
from saaskit_django.audit.models import AuditLog
from saaskit_django.coupons.models import Coupon
from saaskit_django.coupons.services import CouponLimitBelowUses, import_catalog
from saaskit_django.plans.models import CustomFeature, Price, SubscriptionPlan
from saaskit_django.plans.selectors import (
    PlanNotFound,
    current_price,
    default_plan,
    feature_definitions,
    plan_by_id,
    plan_by_key,
    plan_for_sale,
    plans_for_sale,
    price_by_id,
)
from saaskit_django.plans.services import catalogue as services

DEMO = Path(__file__).parents[3] / "examples" / "catalogs" / "demo.yaml"
CATALOG = """
features:
  seats: {type: limit, default: 1}
plans:
  - key: pro
    name: Pro
    prices: {Monthly: {USD: "10", EUR: "9"}, Yearly: {USD: "100"}, One-Time: {USD: "999"}}
    features: {seats: 5, api_access.enabled: true}
coupons:
  - code: save
    percent: "20"
    plans: [pro]
  - code: ten
    amounts: {USD: "10", EUR: "9"}
    minimums: {USD: "20"}
    max_uses: 5
"""


def read(text: str) -> Any:
    return parse_catalog(text, file="c.yaml")


@pytest.fixture
def imported(transactional_db: None) -> Any:
    return import_catalog(read(CATALOG))


def test_an_import_makes_plans_prices_features_and_coupons(imported: Any) -> None:
    assert (imported.plans.plans_created, imported.plans.prices_added) == (1, 4)
    assert (imported.plans.features_defined, imported.coupons_created) == (1, 2)
    plan = plan_by_key("pro")
    assert plan is not None
    assert plan.monthly_price == Money(1000, "USD")
    assert plan.yearly_price == Money(10000, "USD")
    assert plan.features == {"seats": 5, "api_access": {"enabled": True}}
    assert plan.to_core().price(currency="EUR", frequency=BillingFrequency.MONTHLY)
    assert feature_definitions()["seats"].default == 1
    assert Coupon.objects.get(code="TEN").to_core() == read(CATALOG).coupons[1]
    assert Coupon.objects.get(code="SAVE").to_core().plans == {"pro"}


def test_importing_the_same_again_changes_nothing(imported: Any) -> None:
    before = list(Price.objects.values()), AuditLog.objects.count()
    again = import_catalog(read(CATALOG))
    assert again == type(again)(plans=type(again.plans)())
    assert (list(Price.objects.values()), AuditLog.objects.count()) == before


def test_another_amount_is_another_version_and_the_old_one_stays(imported: Any) -> None:
    done = import_catalog(
        read(CATALOG.replace('USD: "10", EUR: "9"}, Y', 'USD: "12", EUR: "9"}, Y'))
    )
    assert (done.plans.plans_changed, done.plans.prices_added) == (1, 1)
    versions = Price.objects.filter(currency="USD", frequency="Monthly").order_by("version")
    assert [(p.version, p.amount_minor, p.is_current) for p in versions] == [
        (1, 1000, False),
        (2, 1200, True),
    ]
    assert price_by_id(versions[0].pk).to_core().amount == Money(1000, "USD")


def test_going_back_to_an_old_amount_is_a_new_version_too(imported: Any) -> None:
    import_catalog(read(CATALOG.replace('"100"', '"120"')))
    import_catalog(read(CATALOG))
    yearly = Price.objects.filter(frequency="Yearly").order_by("version")
    assert [(p.version, p.amount_minor, p.is_current) for p in yearly] == [
        (1, 10000, False),
        (2, 12000, False),
        (3, 10000, True),
    ]


def test_a_price_that_is_gone_is_retired(imported: Any) -> None:
    done = import_catalog(read(CATALOG.replace(', One-Time: {USD: "999"}', "")))
    assert done.plans.prices_retired == 1
    plan = plan_by_key("pro")
    assert plan is not None
    with pytest.raises(PriceNotForSale):
        current_price(plan, frequency=BillingFrequency.ONE_TIME)
    assert (
        current_price(plan, frequency=BillingFrequency.MONTHLY, currency="EUR").amount_minor == 900
    )


def test_changed_terms_features_and_coupons_are_written_and_audited(imported: Any) -> None:
    text = CATALOG.replace("seats: 5", "seats: 6").replace("name: Pro", "name: Pro 2")
    text = text.replace("default: 1", "default: 2").replace('"20"\n    plans', '"25"\n    plans')
    done = import_catalog(read(text))
    assert (done.plans.plans_changed, done.coupons_changed, done.coupons_created) == (1, 1, 0)
    assert done.plans.features_defined == 1
    assert CustomFeature.objects.get().default == 2
    actions = set(AuditLog.objects.values_list("action", flat=True))
    assert {"plan.created", "plan.changed", "coupon.changed", "feature.redefined"} <= actions


def test_a_mistake_half_way_leaves_nothing(imported: Any) -> None:
    Coupon.objects.filter(code="TEN").update(current_uses=5)
    text = CATALOG.replace("name: Pro", "name: Other").replace("max_uses: 5", "max_uses: 4")
    with pytest.raises(CouponLimitBelowUses):
        import_catalog(read(text))
    assert SubscriptionPlan.objects.get().name == "Pro"


def test_features_are_checked_against_what_is_installed(transactional_db: None) -> None:
    for features, error in (({"seets": 1}, UnknownFeature), ({"seats": "x"}, FeatureValueInvalid)):
        import_catalog(read("features: {seats: {type: limit, default: 1}}"))
        with pytest.raises(error):
            services.create_plan(Plan(key="x", name="X", features=features), actor="engine")
    assert not SubscriptionPlan.objects.exists()


def test_the_command_imports_a_file(transactional_db: None, capsys: Any) -> None:
    call_command("saaskit_catalog", "import", str(DEMO), "--dry-run")
    assert not SubscriptionPlan.objects.exists()
    call_command("saaskit_catalog", "import", str(DEMO))
    assert "plans 3 new, 0 changed; prices 18 new" in capsys.readouterr().out
    call_command("saaskit_catalog", "import", str(DEMO))
    assert "plans 0 new, 0 changed; prices 0 new" in capsys.readouterr().out
    assert default_plan() == plan_by_key("free")


def test_the_command_names_file_and_line(transactional_db: None, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("plans:\n  - key: pro\n    name: Pro\n    prices: {Monthly: {USD: 9.99}}\n")
    with pytest.raises(CommandError, match=r"bad\.yaml, line 4, .*quote it"):
        call_command("saaskit_catalog", "import", str(bad))
    with pytest.raises(CommandError, match="No such file"):
        call_command("saaskit_catalog", "import", str(tmp_path / "none.yaml"))


def test_plans_for_sale_are_ranked_by_their_monthly_amount(transactional_db: None) -> None:
    call_command("saaskit_catalog", "import", str(DEMO), verbosity=0)
    assert [plan.key for plan in plans_for_sale()] == ["free", "pro", "business"]
    assert plans_for_sale(currency="JPY") == []
    business = plans_for_sale(currency="EUR")[-1]
    services.set_active(plan_id=business.pk, is_active=False, actor="engine")
    assert not services.set_active(plan_id=business.pk, is_active=False, actor="engine")
    assert [plan.key for plan in plans_for_sale(currency="EUR")] == ["free", "pro"]
    with pytest.raises(PlanNotFound):
        plan_for_sale(business.pk)
    assert plan_by_id(business.pk) == business
    with pytest.raises(PlanNotFound):
        plan_by_id(10**9)


def test_a_plan_is_made_once_and_changed_by_its_key(transactional_db: None) -> None:
    plan = Plan(
        key="jp",
        name="Japan",
        prices=(
            CorePrice(
                id="", plan="jp", amount=Money(500, "JPY"), frequency=BillingFrequency.MONTHLY
            ),
        ),
    )
    row = services.create_plan(plan, actor="engine")
    assert (row.currency, row.monthly_price) == ("JPY", Money(500, "JPY"))
    with pytest.raises(services.PlanKeyTaken):
        services.create_plan(plan, actor="engine")
    assert services.update_plan(Plan(key="jp", name="Nippon"), actor="engine").name == "Nippon"


def test_importing_asks_few_questions(imported: Any, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(3):
        for plan in plans_for_sale():
            assert plan.to_core()
    with django_assert_max_num_queries(25), transaction.atomic():
        services.import_plans(read(CATALOG).plans)
