"""The code on the page about rewarding referrals runs as it stands there."""

from __future__ import annotations

import pytest

from saaskit_django import clock
from saaskit_django.customers.models import Customer
from saaskit_providers.sandbox.provider import SandboxProvider
from tests.builders import make_customer
from tests.django.conftest import sandbox  # noqa: F401
from tests.django.referrals.builders import buy
from tests.docs.test_billing_pages import PYTHON, text_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_page_runs_from_top_to_bottom(sandbox: SandboxProvider) -> None:  # noqa: F811
    customer = make_customer()

    def pay(friend: Customer) -> None:
        buy(friend, now=clock.now())

    names = {
        "__name__": "page",
        "customer": customer,
        "user": customer.user,
        "friend": make_customer("bob@example.org"),
        "buy": pay,
    }
    for block in PYTHON.findall(text_of("howto/referrals.md")):
        exec(compile(block, "referrals.md", "exec", dont_inherit=True), names)
