"""Programmes, people and referrals as the tests of this room need them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from saaskit_core.money import Money
from saaskit_core.referrals import (
    Introduction,
    InvoicePaid,
    Newcomer,
    Party,
    Programme,
    ReferralCode,
    ReferralRewardType,
    Reward,
    RewardLedger,
    TimePassed,
    attribute,
    settle,
    transition,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def usd(minor):
    return Money(minor, "USD")


def credit(minor=1000, **more):
    amounts = more.pop("amounts", {"USD": minor})
    return Reward(type=ReferralRewardType.CREDIT, amounts=amounts, **more)


def programme(**terms):
    promised = {"referrer": credit(1000), "referred": credit(500)}
    return Programme(key="friends", **{**promised, **terms})


def introduction(referred="bob", referrer="ada", **more):
    party = more.pop("party", Party(account=referred))
    newcomer = {"signed_up_at": NOW, **more.pop("newcomer", {})}
    code = {"code": f"CODE-{referrer}", "owner": referrer, "programme": "friends"}
    return Introduction(
        id=more.pop("id", "r1"),
        code=ReferralCode(**{**code, **more.pop("code", {})}),
        newcomer=Newcomer(party=party, **newcomer),
        referrer=more.pop("referrer_party", Party(account=referrer)),
        referrer_of=more.pop("referrer_of", {}),
        **more,
    )


def referred(terms=None, *, now=NOW, **more):
    """A new referral of bob by ada."""
    return attribute(introduction(**more), programme=terms or programme(), now=now).referral


def after(referral, *facts, terms=None, now=NOW):
    for fact in facts:
        referral = transition(referral, fact, programme=terms or programme(), now=now).referral
    return referral


def paid(invoice="i1", minor=10000, *, currency="USD", paid_at=NOW):
    return InvoicePaid(invoice=invoice, paid=Money(minor, currency), paid_at=paid_at)


def due(terms=None, *, payment=None, **more):
    """A referral whose first payment has outlived its hold."""
    terms = terms or programme()
    referral = after(referred(terms, **more), payment or paid(), terms=terms)
    return after(referral, TimePassed(), terms=terms, now=NOW + terms.hold)


def settled(referral, ledger=None, *, terms=None, now=NOW + 14 * DAY, **sides):
    return settle(
        referral,
        programme=terms or programme(),
        ledger=ledger or RewardLedger(),
        beneficiaries=sides.get("beneficiaries", {}),
        now=now,
    )
