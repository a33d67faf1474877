"""The code on the pages about buying, changing, refunding and coupons runs as it stands there."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.management import call_command

from saaskit_core.catalog import parse_catalog
from saaskit_core.periods import BillingFrequency
from saaskit_django import clock
from saaskit_django.billing.models import CreditNote
from saaskit_django.checkout.services.create_intent import intend_purchase
from saaskit_django.checkout.services.subscribe import Purchase
from saaskit_django.coupons.models import CouponUsage
from saaskit_django.customers.services import ensure_customer
from saaskit_django.payments.models import Payment
from saaskit_django.payments.services.confirm import confirm
from saaskit_django.plans.models import SubscriptionPlan
from saaskit_django.subscriptions.models import Subscription
from tests.architecture.source import ROOT
from tests.builders import make_user

pytestmark = pytest.mark.django_db(transaction=True)

PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
YAML = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
PLANS = """
plans:
  - {key: free, name: Free, prices: {Monthly: {USD: "0"}}}
  - {key: pro, name: Pro, prices: {Monthly: {USD: "29.00"}}}
  - {key: business, name: Business, prices: {Monthly: {USD: "99.00"}}}
"""


@pytest.fixture(autouse=True)
def _site(settings: Any, tmp_path: Any) -> None:
    """A site with the pages' plans and coupons, and a sandbox of its own."""
    sandbox = {"type": "sandbox", "path": str(tmp_path / "sandbox.sqlite3")}
    settings.SAASKIT = {**settings.SAASKIT, "PROVIDERS": {"sandbox": sandbox}}
    settings.SAASKIT["ALLOW_SANDBOX"] = True
    (coupons,) = YAML.findall(text_of("howto/coupons.md"))
    file = tmp_path / "plans.yaml"
    file.write_text(PLANS + coupons, encoding="utf-8")
    call_command("saaskit_catalog", "import", str(file))


@pytest.fixture
def user() -> Any:
    return make_user()


def text_of(page: str) -> str:
    return (ROOT / "docs" / page).read_text(encoding="utf-8")


def run(page: str, **names: Any) -> dict[str, Any]:
    """Run the page's Python from top to bottom, in one namespace."""
    namespace = {"__name__": "page", **names}
    for block in PYTHON.findall(text_of(page)):
        exec(compile(block, page, "exec", dont_inherit=True), namespace)
    return namespace


def bought(user: Any) -> Payment:
    """The user's paid purchase of the plan pro."""
    plan = SubscriptionPlan.objects.get(key="pro")
    purchase = Purchase(user=user, plan=plan, frequency=BillingFrequency.MONTHLY)
    intent = intend_purchase(ensure_customer(user=user), purchase, now=clock.now())
    assert intent.payment is not None
    return confirm(intent.payment, method_ref="pm_card_ok", idempotency_key="", now=clock.now())


def test_the_page_on_charging_and_renewing(user):
    run("howto/charge_and_renew.md", user=user)
    assert Subscription.objects.get().renewal_count == 3


def test_the_page_on_changing_plans(user, capsys):
    payment = bought(user)
    run("howto/change_plans.md", user=user, customer=payment.customer)
    assert "Unused time of pro" in capsys.readouterr().out


def test_the_page_on_what_customers_decide(user, capsys):
    run("howto/let_customers_decide.md", customer=bought(user).customer)
    assert "subscribed to pro" in capsys.readouterr().out


def test_the_page_on_refunds(user):
    run("howto/refunds.md", payment=bought(user))
    assert CreditNote.objects.get().amount_minor == 1000


def test_the_page_on_coupons(user, capsys):
    run("howto/coupons.md", user=user, customer=ensure_customer(user=user))
    assert capsys.readouterr().out
    assert CouponUsage.objects.get().status == "reserved"


def test_the_coupons_on_the_page_are_good_ones():
    (text,) = YAML.findall(text_of("howto/coupons.md"))
    catalog = parse_catalog(PLANS + text, file="page.yaml")
    assert [each.code for each in catalog.coupons] == ["WELCOME", "TENOFF"]
