"""The invoices to come are those that will be."""

from saaskit_core.billing.previews import upcoming
from saaskit_core.billing.quotes import Settlement
from saaskit_core.coupons import CouponDuration
from saaskit_core.subscriptions import facts
from saaskit_core.subscriptions.due import due, next_due_at
from saaskit_core.subscriptions.policies import ChangeTiming
from tests.core.billing_builders import (
    DEFAULT,
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
