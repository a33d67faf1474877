"""The invoices to come are those that will be."""

import contextlib
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.billing.previews import preview, upcoming
from saaskit_core.billing.quotes import (
    ChangeFacts,
    Settlement,
    nets_of_period,
    quote_change,
    quote_issue,
    requested,
)
from saaskit_core.coupons import CouponDuration
from saaskit_core.errors import SaasKitError
from saaskit_core.plans import revised
from saaskit_core.subscriptions import facts
from saaskit_core.subscriptions.due import due, next_due_at
from saaskit_core.subscriptions.model import evolve
from saaskit_core.subscriptions.policies import ChangeTiming
from saaskit_core.subscriptions.terms import AddOn
from saaskit_core.subscriptions.transitions import transition
from saaskit_core.testing.strategies import zones
from tests.core.billing_builders import (
    DEFAULT,
    MONTHLY,
    ONE_TIME,
    YEARLY,
    active,
    at,
    begin,
    fixed_off,
    go,
    issued,
    paid,
    percent_off,
    price,
    usd,
    with_policies,
)


def coming(subscription, count=3, **fields):
    return upcoming(subscription, count, policies=DEFAULT, **fields)


def test_twelve_months_from_the_31st():
    found = coming(active(now="2024-01-31"), 12)
    assert [invoice.due_at for invoice in found[:3]] == [
        at("2024-02-29"), at("2024-03-31"), at("2024-04-30"),
    ]  # fmt: skip
    assert len(found) == 12
    assert len({invoice.key for invoice in found}) == 12


def test_the_preview_is_what_is_executed():
    current = begin(price(), trial_days=14, has_method=True).subscription
    current = go(current, facts.ChangeRequested(price=price(700, "small"), trial_days=20),
                 "2024-06-05").subscription  # fmt: skip
    previewed = coming(current, 4)
    for invoice in previewed:
        now = next_due_at(current, policies=DEFAULT)
        moved = go(current, due(current, now=now, policies=DEFAULT), now.isoformat())
        (issue,) = issued(moved)
        assert (issue.key, issue.kind, now) == (invoice.key, invoice.kind, invoice.due_at)
        assert issue.period == invoice.draft.lines[0].period
        current = paid(moved, now.isoformat())
    assert [invoice.kind.value for invoice in previewed] == ["first", *["renewal"] * 3]


def test_plans_are_taken_into_account():
    change = facts.ChangeRequested(
        price=price(600, "small", YEARLY), timing=ChangeTiming.PERIOD_END
    )
    changed = go(active(), change, "2024-06-05").subscription
    assert [invoice.draft.total for invoice in coming(changed, 2)] == [usd(600), usd(600)]
    cancelling = go(active(), facts.CancelRequested(), "2024-06-05").subscription
    assert coming(cancelling) == ()
    later = facts.CancelRequested(when=facts.CancelWhen.AT, at=at("2024-08-15"))
    assert len(coming(go(active(), later, "2024-06-05").subscription, 9)) == 2


def test_coupons_run_out_and_the_wallet_empties():
    found = coming(
        active(),
        4,
        coupons=[percent_off("50", duration=CouponDuration.REPEATING, duration_months=2),
                 fixed_off(100, duration=CouponDuration.ONCE)],
        settlement=Settlement(wallet=usd(600)),
    )  # fmt: skip
    assert [invoice.draft.discount.minor for invoice in found] == [600, 500, 0, 0]
    assert [invoice.draft.credit_applied.minor for invoice in found] == [400, 200, 0, 0]


def test_small_amounts_are_carried_forward():
    found = coming(active(price(30)), settlement=Settlement(minimum=usd(50)))
    assert [invoice.draft.amount_due.minor for invoice in found] == [0, 60, 0]


def test_an_open_invoice_is_taken_as_paid():
    assert [i.due_at for i in coming(begin().subscription, 1)] == [at("2024-07-01")]
    past_due = go(active(), facts.PeriodEnded(), "2024-07-01").subscription
    assert [i.due_at for i in coming(past_due, 1)] == [at("2024-08-01")]


def test_what_costs_nothing_or_stands_still_has_none():
    assert coming(active(price(0))) == ()
    assert coming(active(), 0) == ()
    assert coming(active(), -3) == ()
    paused = go(active(), facts.Paused(starts_at=at("2024-06-02")), "2024-06-02").subscription
    assert coming(paused) == ()


def test_a_lifetime_price_after_a_trial_is_billed_once():
    lifetime = price(9900, "life", ONE_TIME)
    trial = begin(lifetime, trial_days=14, has_method=True).subscription
    assert len(coming(trial, coupons=[percent_off("10")])) == 1


def storage(quantity=1):
    return AddOn(price=price(500, "storage"), quantity=quantity)


def test_add_ons_are_lines_of_the_invoices_to_come():
    (invoice,) = coming(active(price(1000), add_ons=(storage(3),)), 1)
    assert [(line.description, line.total.minor) for line in invoice.draft.lines] == [
        ("pro, Monthly", 1000), ("storage, Monthly", 1500),
    ]  # fmt: skip


def test_a_new_version_is_seen_in_the_invoices_to_come():
    newer = revised(price(), price_id="pro-2", amount=usd(1300))
    noted = go(active(), facts.PriceRevised(price=newer), "2024-06-05").subscription
    assert [invoice.draft.total.minor for invoice in coming(noted)] == [1300, 1300, 1300]
    never = with_policies(price_change="never")
    kept = go(active(), facts.PriceRevised(price=newer), "2024-06-05", never).subscription
    assert [invoice.draft.total.minor for invoice in coming(kept)] == [1000, 1000, 1000]


@st.composite
def plans_of_a_customer(draw):
    """A subscription with whatever is planned for it, the merchant's policies, and a change."""
    policies = draw(
        st.sampled_from(
            [
                DEFAULT,
                with_policies(downgrade="now-with-credit", price_change="now", proration="day"),
                with_policies(upgrade="next-period", trial_change="end", proration="fixed30"),
                with_policies(upgrade="now-without-invoice", trial_change="restart"),
            ]
        )
    )
    current = begin(
        price(draw(st.integers(0, 5000)), frequency=draw(st.sampled_from([MONTHLY, YEARLY]))),
        now="2024-01-31",
        policies=policies,
        zone=draw(zones()),
        quantity=draw(st.integers(1, 4)),
        trial_days=draw(st.sampled_from([0, 14])),
        has_method=True,
        is_paid=True,
        add_ons=draw(st.sampled_from([(), (storage(),), (storage(2),)])),
    ).subscription
    for fact in draw(st.lists(planned_facts(current), max_size=2)):
        with contextlib.suppress(SaasKitError):
            current = go(current, fact, "2024-02-03", policies).subscription
    return current, policies


def planned_facts(current):
    newer = revised(current.price, price_id="newer", amount=usd(4321))
    return st.sampled_from(
        [
            facts.CancelRequested(),
            facts.CancelRequested(when=facts.CancelWhen.AT, at=at("2024-07-15")),
            facts.Paused(starts_at=at("2024-02-20"), resumes_at=at("2024-04-02")),
            facts.Extended(to=at("2025-03-20")),
            facts.PriceRevised(price=newer),
            facts.ChangeRequested(
                price=price(700, "later", YEARLY), timing=ChangeTiming.PERIOD_END
            ),
        ]
    )


def changes():
    return st.builds(
        dict,
        price=st.none() | st.builds(price, st.integers(0, 9000), st.just("new"),
                                    st.sampled_from([MONTHLY, YEARLY])),
        quantity=st.none() | st.integers(1, 5),
        add_ons=st.none() | st.sampled_from([(), (storage(),), (storage(3),)]),
        timing=st.none() | st.sampled_from(ChangeTiming),
        trial_days=st.sampled_from([0, 7, 30]),
    )  # fmt: skip


COUPONS = [
    (),
    (percent_off("33.33"),),
    (fixed_off(700), percent_off("10", "TEN", duration=CouponDuration.REPEATING,
                                 duration_months=3)),
    (percent_off("50", "ONCE", duration=CouponDuration.ONCE, plans=frozenset({"pro"})),),
]  # fmt: skip


@given(plans_of_a_customer(), changes(), st.sampled_from(COUPONS), st.integers(0, 4000))
def test_what_is_previewed_is_what_is_executed(planned, wanted, coupons, wallet):
    """Executed by hand, step by step: the same keys, instants and lines, to the cent."""
    current, policies = planned
    change = ChangeFacts(
        subscription=current,
        now=at("2024-02-05T10:30"),
        policies=policies,
        coupons=coupons,
        settlement=Settlement(wallet=usd(wallet), minimum=usd(50)),
        item_nets=nets_of_period(current, coupons),
        **wanted,
    )
    try:
        previewed = preview(change, count=6)
    except SaasKitError as refused:
        with pytest.raises(type(refused)):
            transition(current, requested(change), now=change.now, policies=policies)
        return
    after, books = executed(change)
    assert after == previewed.after
    assert books.live(after, policies, 6) == [
        (invoice.key, invoice.kind, invoice.due_at, invoice.draft) for invoice in previewed.invoices
    ]
    assert books.changed in (None, previewed.quote.invoice)


def executed(change):
    """Make the change and pay what it bills."""
    moved = transition(
        change.subscription, requested(change), now=change.now, policies=change.policies
    )
    books = Books(change.settlement, tuple(change.coupons), change.subscription.zone)
    after = moved.subscription
    for issue in issued(moved):
        books.changed = quote_change(change).invoice
        books.settle(issue, books.changed)
        paid_fact = facts.ChangePaid(invoice_key=issue.key)
        after = transition(after, paid_fact, now=change.now, policies=change.policies).subscription
    return after, books


class Books:
    """What a shell keeps: the wallet, the amount carried over, when coupons began."""

    def __init__(self, settlement, coupons, zone):
        self.wallet, self.minimum = settlement.wallet, settlement.minimum
        self.carried, self.coupons, self.zone, self.changed = None, coupons, zone, None

    def settle(self, issue, draft):
        self.wallet = self.wallet - draft.credit_applied + draft.to_wallet
        self.carried = draft.carried_forward or None
        prices = [issue.price, *(each.price for each in issue.add_ons)]
        self.coupons = tuple(self.counted(applied, issue, prices) for applied in self.coupons)

    def counted(self, applied, issue, prices):
        fits = any(not applied.coupon.plans or each.plan in applied.coupon.plans for each in prices)
        if applied.first_period_start is not None or issue.period is None or not fits:
            return applied
        return replace(applied, first_period_start=issue.period.starts_at)

    def live(self, current, policies, count):
        """Let time pass, issue and pay, until so many invoices have been issued."""
        found = []
        for _ in range(100):
            now = next_due_at(current, policies=policies)
            if now is None or len(found) == count:
                return found
            fact = due(current, now=now, policies=policies)
            moved = transition(current, fact, now=now, policies=policies)
            current = moved.subscription
            for issue in issued(moved):
                settlement = Settlement(
                    wallet=self.wallet, minimum=self.minimum, carried=self.carried
                )
                draft = quote_issue(
                    issue, coupons=self.coupons, settlement=settlement, zone=self.zone
                )
                found.append((issue.key, issue.kind, now, draft))
                self.settle(issue, draft)
                paid_fact = facts.PaymentSucceeded(invoice_key=issue.key)
                current = transition(current, paid_fact, now=now, policies=policies).subscription
        return found


@given(
    st.integers(0, 9000), st.integers(0, 9000), st.integers(1, 5), st.integers(1, 5),
    st.sampled_from([(), (storage(),), (storage(2),)]),
    st.sampled_from([(), (storage(),), (storage(3),)]),
    st.sampled_from(COUPONS), st.integers(0, 29), st.sampled_from(["second", "day", "fixed30"]),
)  # fmt: skip
def test_there_and_back_at_the_same_instant_nets_nothing(
    old, new, few, many, before, after, coupons, days, mode
):
    policies = with_policies(proration=mode)
    now = at("2024-06-01") + timedelta(days=days)
    current = active(price(old), quantity=few, add_ons=before)
    there = evolve(current, price=price(new, "new"), quantity=many, add_ons=after)
    begun_at = current.period.starts_at
    running = tuple(replace(each, first_period_start=begun_at) for each in coupons)

    def net(one, other):
        quote = quote_change(
            ChangeFacts(
                subscription=one, price=other.price, quantity=other.quantity,
                add_ons=other.add_ons, now=now, policies=policies, coupons=running,
                timing=ChangeTiming.NOW_WITH_INVOICE, item_nets=nets_of_period(one, running),
            )
        )  # fmt: skip
        return quote.invoice.total.minor - quote.invoice.to_wallet.minor

    assert net(current, there) + net(there, current) == 0
