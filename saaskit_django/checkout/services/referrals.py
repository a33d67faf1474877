"""Passing a referral code on to the app that knows what to do with it, where one is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from saaskit_django import clock, registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from saaskit_django.customers.models import Customer

    Claim = Callable[..., object]


def claim_referral(customer: Customer, *, code: str, user: Any) -> None:
    """Note by whose code a customer came, before his first purchase.

    On a site without referrals the code means nothing. Raises ReferralRefused subclasses.
    """
    for claim in cast("tuple[Claim, ...]", registry.contributions(registry.REFERRAL_CLAIMS)):
        claim(customer, code=code, user=user, now=clock.now())
