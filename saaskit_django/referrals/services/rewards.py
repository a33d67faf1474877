"""Carrying out the ledger: rewards are given, and taken back as far as they are still there."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from saaskit_core.features import Override, OverrideScope
from saaskit_core.money import Money
from saaskit_core.referrals import (
    MonthsCredited,
    PeriodExtended,
    ReferralRewardType,
    RewardEntry,
    RewardEntryKind,
    RewardIsNoDiscount,
    Side,
    discount_coupon,
    free_months,
    generate_code,
)
from saaskit_core.subscriptions.facts import Extended
from saaskit_django.audit.services import ENGINE
from saaskit_django.billing.services.wallet import credit
from saaskit_django.coupons.models import Coupon
from saaskit_django.coupons.services import put_coupon
from saaskit_django.customers.services import billing_now
from saaskit_django.features.services import put_override, shorten_override
from saaskit_django.payments.services.collect import Work, carry_out
from saaskit_django.referrals.models import ReferralReward
from saaskit_django.referrals.services.beneficiaries import time_of
from saaskit_django.referrals.services.spending import (
    GIVEN,
    TAKEN_BACK,
    WALLET,
    credited_for,
    days_ahead,
    transaction_of,
    unused_coupons,
)
from saaskit_django.subscriptions.services import advance

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from saaskit_django.customers.models import Customer
    from saaskit_django.referrals.models import ReferralTransaction

COUPON_BYTES = 10
REASON = "referral"


def write_entries(
    row: ReferralTransaction, entries: Iterable[RewardEntry], *, now: datetime
) -> None:
    """Carry out new entries and write them down, inside a transaction, both customers locked."""
    parties = {str(each.pk): each for each in (row.referrer, row.referred)}
    for entry in entries:
        customer = parties[entry.account]
        target = ""
        if entry.kind is RewardEntryKind.GRANT:
            target = _give(row, entry, customer, now=now)
        elif entry.kind is RewardEntryKind.REVERSE and entry.units:
            _take_back(entry, customer, now=now)
        _insert(row, entry, customer, target)
        if target.startswith("subscription:"):
            _insert(row, _used(entry), customer)


def _insert(
    row: ReferralTransaction, entry: RewardEntry, customer: Customer, target: str = ""
) -> None:
    ReferralReward.objects.create(
        key=entry.key,
        kind=entry.kind.value,
        customer=customer,
        referral=row if entry.referral else None,
        side=entry.side.value if entry.side else "",
        milestone=entry.milestone,
        reward_type=entry.reward_type.value if entry.reward_type else "",
        unit=entry.unit,
        units=entry.units,
        base=entry.base,
        shortfall=entry.shortfall,
        reason=entry.reason,
        target=target,
        at=entry.at,
    )


def _used(grant: RewardEntry) -> RewardEntry:
    """A period that was made longer can't be made shorter again: its months are spent."""
    return RewardEntry(
        key=f"{grant.key}:used",
        kind=RewardEntryKind.CONSUME,
        account=grant.account,
        unit=grant.unit,
        units=-grant.units,
        at=grant.at,
    )


def _give(
    row: ReferralTransaction, entry: RewardEntry, customer: Customer, *, now: datetime
) -> str:
    """Carry out a grant; return what it was made into."""
    match entry.reward_type:
        case ReferralRewardType.CREDIT:
            return _credit(entry.key, Money(entry.units, entry.unit), customer, now=now)
        case ReferralRewardType.DISCOUNT:
            return f"coupon:{_make_coupon(row, entry).pk}"
        case ReferralRewardType.FREE_MONTH:
            return _give_months(row, entry, customer, now=now)
        case _:
            return _unlock(entry, customer, now=now)


def _credit(key: str, amount: Money, customer: Customer, *, now: datetime) -> str:
    credit(
        customer=customer,
        amount=amount,
        transaction=transaction_of(key),
        reason=GIVEN if amount.minor > 0 else TAKEN_BACK,
        now=billing_now(customer, now),
    )
    return WALLET


def _make_coupon(row: ReferralTransaction, entry: RewardEntry) -> Coupon:
    programme = row.programme.to_core()
    reward = programme.reward_of(entry.side) if entry.side else None
    if reward is None:
        raise RewardIsNoDiscount(type="none")
    code = generate_code(secrets.token_bytes(COUPON_BYTES))
    terms = discount_coupon(reward, code=code, stackable=programme.stacks_with_coupons)
    return put_coupon(replace(terms, description=f"referral {row.reference}"), actor=ENGINE)


def _give_months(
    row: ReferralTransaction, entry: RewardEntry, customer: Customer, *, now: datetime
) -> str:
    found = time_of(customer, now=now)
    subscription, paid = found if found else (None, None)
    policy = row.programme.to_core().free_month
    match free_months(entry.units, paid, policy=policy):
        case PeriodExtended(to=to) if subscription is not None:
            work = Work(now=now, at=billing_now(customer, now))
            fact = Extended(to=to, reason=REASON)
            carry_out(subscription, advance(subscription, fact, now=work.at), work)
            return f"subscription:{subscription.pk}"
        case MonthsCredited(amount=amount):
            return _credit(entry.key, amount, customer, now=now)
        case _:
            raise RuntimeError("free months are granted to who has a subscription for them")


def _unlock(entry: RewardEntry, customer: Customer, *, now: datetime) -> str:
    """Switch the feature on for the days, after those that he has of it already."""
    at = billing_now(customer, now)
    ahead = days_ahead(customer.pk, entry.unit, at=at)
    begins = ahead[0][0].ends_at if ahead and ahead[0][0].ends_at else at
    override = Override(
        path=entry.unit.removeprefix("feature:"),
        value=True,
        scope=OverrideScope.ORGANISATION,
        starts_at=begins,
        ends_at=begins + timedelta(days=entry.units),
    )
    return f"override:{put_override(override, actor=ENGINE, customer=customer, reason=REASON).pk}"


def _take_back(entry: RewardEntry, customer: Customer, *, now: datetime) -> None:
    """Carry out a reversal: at most what is left, as the ledger has it."""
    units = -entry.units
    match entry.reward_type:
        case ReferralRewardType.CREDIT:
            _credit(entry.key, Money(-units, entry.unit), customer, now=now)
        case ReferralRewardType.DISCOUNT:
            _withdraw_coupons(entry, customer, units)
        case ReferralRewardType.FREE_MONTH:
            credited = credited_for(f"{entry.referral}:{entry.side}:{entry.milestone}")
            if credited is not None:
                _credit(entry.key, Money(-credited[0], credited[1]), customer, now=now)
        case _:
            _shorten(entry, customer, units, at=billing_now(customer, now))


def _withdraw_coupons(entry: RewardEntry, customer: Customer, units: int) -> None:
    """Switch off the reward's own coupon, or others of its kind when that one is used."""
    unused = unused_coupons(customer.pk, entry.unit)
    own = Side.REFERRER if entry.side is None else entry.side
    unused.sort(key=lambda pair: not _is_of(pair[0], entry, own))
    for grant, coupon in unused:
        if units <= 0:
            return
        Coupon.objects.filter(pk=coupon.pk, current_uses=0).update(is_active=False)
        units -= grant.units


def _is_of(grant: ReferralReward, entry: RewardEntry, side: Side) -> bool:
    reference = grant.referral.reference if grant.referral else ""
    return (reference, grant.side, grant.milestone) == (entry.referral, side, entry.milestone)


def _shorten(entry: RewardEntry, customer: Customer, days: int, *, at: datetime) -> None:
    """Take days off the end of what is unlocked."""
    for override, left in days_ahead(customer.pk, entry.unit, at=at):
        taken = min(left, days)
        if taken and override.ends_at is not None:
            shorter = override.ends_at - timedelta(days=taken)
            shorten_override(override_id=override.pk, ends_at=shorter, actor=ENGINE)
            days -= taken
