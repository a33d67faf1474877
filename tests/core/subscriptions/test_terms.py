"""Add-ons: what fits a plan, what it bills, how it changes."""

from dataclasses import replace
from fractions import Fraction

import pytest

from saaskit_core.billing.quotes import ChangeFacts, nets_of_period, quote_change, quote_issue
from saaskit_core.coupons import CouponDuration
from saaskit_core.periods import BillingFrequency, Interval, Unit
from saaskit_core.subscriptions import facts
from saaskit_core.subscriptions.changes import NothingChanges
from saaskit_core.subscriptions.policies import ChangeTiming
from saaskit_core.subscriptions.terms import (
    MAX_ADD_ONS,
    AddOn,
    AddOnDoesNotFit,
    InvalidQuantity,
    Terms,
    times,
)
from tests.core.billing_builders import (
    DEFAULT,
    ONE_TIME,
    WEEKLY,
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

STORAGE = price(500, "storage")
CREDIT_NOW = with_policies(downgrade="now-with-credit")


def add_on(of=STORAGE, quantity=1):
    return AddOn(price=of, quantity=quantity)


def custom(count, unit):
    return replace(price(), id=f"{count}-{unit}", frequency=None, interval=Interval(unit, count))


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        (price(), price(frequency=YEARLY), 12),
        (price(), price(frequency=BillingFrequency.QUARTERLY), 3),
        (price(frequency=BillingFrequency.QUARTERLY), price(frequency=YEARLY), 4),
        (price(frequency=YEARLY), custom(2, Unit.YEAR), 2),
        (custom(1, Unit.DAY), price(frequency=WEEKLY), 7),
        (price(), price(), 1),
    ],
)
def test_how_often_an_add_on_fits(part, whole, expected):
    assert times(part, whole) == expected


@pytest.mark.parametrize(
    ("of", "carried"),
    [
        (price(), [price(frequency=YEARLY)]),
        (price(), [price(1, "w", WEEKLY)]),
        (price(), [custom(30, Unit.DAY)]),
        (custom(3, Unit.MONTH), [custom(2, Unit.MONTH)]),
        (price(), [price(1, "once", ONE_TIME)]),
        (price(frequency=ONE_TIME), [STORAGE]),
        (price(), [price(1, "storage", currency="EUR")]),
        (price(), [STORAGE, STORAGE]),
        (price(), [price()]),
        (price(), [price(1, f"a{n}") for n in range(MAX_ADD_ONS + 1)]),
    ],
)
def test_what_does_not_fit_is_refused(of, carried):
    add_ons = tuple(add_on(each) for each in carried)
    with pytest.raises(AddOnDoesNotFit):
        Terms(price=of, add_ons=add_ons)
    with pytest.raises(AddOnDoesNotFit):
        begin(of, add_ons=add_ons)


@pytest.mark.parametrize("quantity", [0, -1, 1.5, True, "2", 10**6 + 1, None])
def test_an_absurd_quantity_is_refused(quantity):
    with pytest.raises(InvalidQuantity):
        add_on(quantity=quantity)
    with pytest.raises(InvalidQuantity):
        Terms(price=price(), quantity=quantity)


def test_everything_together_is_what_a_period_costs():
    year = active(price(12000, frequency=YEARLY), quantity=2, add_ons=(add_on(quantity=3),))
    assert [item.amount.minor for item in year.items] == [24000, 18000]
    assert year.amount == usd(42000)
    assert year.monthly == Fraction(3500)
    assert not year.is_free
    assert active(price(0), add_ons=(add_on(price(0, "x")),)).is_free
    assert Terms(price=price(9900, "life", ONE_TIME)).monthly == 0


def test_a_free_plan_with_a_paid_add_on_is_paid():
    moved = begin(price(0), add_ons=(add_on(),))
    draft = quote_issue(issued(moved)[0])
    assert [line.total.minor for line in draft.lines] == [0, 500]
    renewal = go(paid(moved, "2024-06-01"), facts.PeriodEnded(), "2024-07-01")
    assert quote_issue(issued(renewal)[0]).total == usd(500)


def test_a_monthly_add_on_of_a_yearly_plan_is_billed_twelve_times_in_advance():
    moved = begin(price(12000, frequency=YEARLY), add_ons=(add_on(quantity=2),))
    line = quote_issue(issued(moved)[0]).lines[1]
    assert (line.quantity, line.unit, line.total) == (24, usd(500), usd(12000))
    assert "2 × 12 periods" in line.explanation


class TestChange:
    """15 of 30 days are left."""

    def quote(self, current, now="2024-06-16", policies=CREDIT_NOW, **fields):
        return quote_change(
            ChangeFacts(subscription=current, now=at(now), policies=policies, **fields)
        )

    def test_what_is_added_is_charged_for_the_rest_and_nothing_else_has_a_line(self):
        quote = self.quote(active(), add_ons=(add_on(quantity=2),))
        (line,) = quote.invoice.lines
        assert (line.total, quote.timing) == (usd(500), ChangeTiming.NOW_WITH_INVOICE)

    def test_what_is_removed_is_credited(self):
        quote = self.quote(active(add_ons=(add_on(),)), add_ons=())
        assert quote.invoice.to_wallet == usd(250)

    def test_fewer_or_more_of_an_add_on(self):
        current = active(add_ons=(add_on(quantity=2), add_on(price(300, "seats"))))
        wanted = (add_on(quantity=5), add_on(price(300, "seats")))
        lines = self.quote(current, add_ons=wanted).invoice.lines
        assert [line.total.minor for line in lines] == [-500, 1250]

    def test_it_is_in_force_once_paid(self):
        moved = go(active(), facts.ChangeRequested(add_ons=(add_on(),)), "2024-06-16")
        assert moved.subscription.add_ons == ()
        (issue,) = issued(moved)
        assert issue.add_ons == (add_on(),)
        done = go(moved.subscription, facts.ChangePaid(invoice_key=issue.key), "2024-06-16")
        assert done.subscription.add_ons == (add_on(),)
        (event,) = done.events
        assert (event.old_add_ons, event.add_ons) == ((), ("storage-monthly-500 × 1",))

    def test_a_removal_waits_for_the_period_end_by_default(self):
        current = active(add_ons=(add_on(),))
        planned = go(current, facts.ChangeRequested(add_ons=()), "2024-06-16").subscription
        assert planned.add_ons == (add_on(),)
        renewal = go(planned, facts.PeriodEnded(), "2024-07-01")
        assert issued(renewal)[0].add_ons == ()
        assert paid(renewal, "2024-07-01").add_ons == ()

    def test_two_requests_at_one_instant_have_two_keys(self):
        keys = {
            issued(go(active(), facts.ChangeRequested(add_ons=(wanted,)), "2024-06-16"))[0].key
            for wanted in (add_on(), add_on(quantity=2), add_on(price(501, "storage")))
        }
        assert len(keys) == 3
        assert max(map(len, keys)) < 200

    def test_they_come_along_to_another_plan_and_another_interval(self):
        current = active(add_ons=(add_on(),))
        quote = self.quote(current, price=price(12000, "team", YEARLY))
        assert quote.resets_cycle
        assert [line.total.minor for line in quote.invoice.lines] == [-500, -250, 12000, 6000]

    def test_a_plan_that_they_do_not_fit_is_refused_until_they_are_dropped(self):
        current = active(add_ons=(add_on(),))
        for request in (self.quote, lambda c, **f: go(c, facts.ChangeRequested(**f), "2024-06-16")):
            with pytest.raises(AddOnDoesNotFit):
                request(current, price=price(900, "w", WEEKLY))
            request(current, price=price(900, "w", WEEKLY), add_ons=())

    def test_the_same_again_is_no_change(self):
        current = active(add_ons=(add_on(),))
        with pytest.raises(NothingChanges):
            self.quote(current, add_ons=(add_on(),))

    def test_what_the_items_cost_after_discounts_is_what_is_credited(self):
        half = percent_off("50", plans=frozenset({"storage"}))
        current = active(add_ons=(add_on(),))
        nets = nets_of_period(current, [half])
        assert sorted(net.minor for net in nets.values()) == [250, 1000]
        quote = self.quote(current, add_ons=(), item_nets=nets, coupons=[half])
        assert quote.invoice.to_wallet == usd(125)

    def test_without_figures_per_item_the_whole_is_shared_out_by_list_price(self):
        current = active(add_ons=(add_on(),))
        quote = self.quote(current, add_ons=(), current_net=usd(750), coupons=[percent_off("50")])
        assert quote.invoice.to_wallet == usd(125)


def test_coupons_spread_over_the_lines_they_are_for():
    moved = begin(price(1000), add_ons=(add_on(),))
    (issue,) = issued(moved)
    for coupons, expected in (
        ([fixed_off(300)], [200, 100]),
        ([percent_off("10")], [100, 50]),
        ([percent_off("10", plans=frozenset({"pro"}))], [100, 0]),
        ([percent_off("10", plans=frozenset({"pro"})), fixed_off(140)], [190, 50]),
        ([fixed_off(9999, duration=CouponDuration.ONCE)], [1000, 500]),
    ):
        draft = quote_issue(issue, coupons=coupons)
        assert [line.discount.minor for line in draft.lines] == expected


def test_a_trial_takes_its_add_ons_into_the_first_invoice():
    trial = begin(trial_days=14, has_method=True, add_ons=(add_on(),)).subscription
    added = go(
        trial, facts.ChangeRequested(add_ons=(add_on(quantity=2),), trial_days=14), "2024-06-03"
    )
    assert added.commands == ()
    first = go(added.subscription, facts.TrialEnded(), "2024-06-15")
    assert quote_issue(issued(first)[0]).total == usd(2000)
    assert DEFAULT.trial_change == "keep-original-start"
