"""The pipeline: tax, rounding, credit, minimum, invariants."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.billing.invariants import (
    BrokenInvariant,
    NegativeTotal,
    PeriodBilledTwice,
    TooManyItems,
    TotalsDisagree,
    check_draft,
)
from saaskit_core.billing.invoices import LineKind
from saaskit_core.billing.pipeline import assemble, simple_line
from saaskit_core.billing.quotes import (
    ChangeFacts,
    InvoiceKind,
    Settlement,
    TaxRule,
    quote_change,
    quote_period,
)
from saaskit_core.billing.schedule import DueItem, Schedule, check_items, due_items
from saaskit_core.money import CurrencyMismatch, InvalidAmount, Money
from saaskit_core.periods import Interval, Period, Unit
from saaskit_core.plans import Price
from saaskit_core.subscriptions.policies import DowngradePolicy, Policies, UnusedTime, UpgradePolicy
from saaskit_core.testing.strategies import money
from tests.core.billing_builders import (
    ONE_TIME,
    WEEKLY,
    active,
    at,
    fixed_off,
    percent_off,
    price,
    usd,
)

JUNE = Period(at("2024-06-01"), at("2024-07-01"))


def bill(of=None, coupons=(), period=JUNE, **settlement):
    return quote_period(
        kind=InvoiceKind.RENEWAL,
        price=of or price(),
        period=period,
        coupons=coupons,
        settlement=Settlement(**settlement),
    )


def lines(*minors, kind=LineKind.PERIOD):
    return [simple_line(kind, "line", usd(minor), "") for minor in minors]


def tax(percent, **fields):
    return TaxRule(percent=Decimal(percent), **fields)


def test_the_line_explains_itself():
    draft = bill(price(2000), [percent_off("20")], tax=tax("19"))
    (line,) = draft.lines
    assert line.explanation == (
        "20.00 USD × 1 = 20.00 USD for the whole period from 2024-06-01 00:00 UTC to "
        "2024-07-01 00:00 UTC. Less 4.00 USD by SAVE: 16.00 USD. Tax 19 % on 16.00 USD: "
        "3.04 USD."
    )
    assert (line.net, line.total, draft.total) == (usd(1600), usd(1904), usd(1904))
    assert line.description == "pro, Monthly"


def test_descriptions():
    once = quote_period(kind=InvoiceKind.ONE_OFF, price=price(500, frequency=ONE_TIME))
    assert (once.lines[0].kind, once.lines[0].description) == (LineKind.ONE_OFF, "pro")
    assert once.lines[0].explanation.endswith("for the purchase.")
    first = quote_period(kind=InvoiceKind.FIRST, price=price(500, frequency=ONE_TIME))
    assert first.lines[0].description == "pro, One-Time"
    custom = Price(id="x", plan="pro", amount=usd(5), interval=Interval(Unit.DAY, 10))
    assert bill(custom).lines[0].description == "pro, every 10 day"


def test_tax_is_rounded_once_and_spread():
    draft = assemble("USD", lines(33, 33, 33), Settlement(tax=tax("10")))
    assert (draft.tax, draft.total) == (usd(10), usd(109))
    assert [line.tax.minor for line in draft.lines] == [4, 3, 3]


def test_inclusive_tax_is_split_off():
    draft = bill(price(1190), tax=tax("19", is_inclusive=True))
    assert (draft.subtotal, draft.tax, draft.total) == (usd(1000), usd(190), usd(1190))
    assert "contained in 11.90 USD" in draft.lines[0].explanation


def test_credits_are_taxed_like_charges_and_carried_amounts_are_not():
    draft = assemble("USD", lines(1000, -400), Settlement(tax=tax("10"), carried=usd(30)))
    assert [line.tax.minor for line in draft.lines] == [100, -40, 0]
    assert draft.total == usd(690)


@pytest.mark.parametrize("percent", ["-1", "101"])
def test_a_tax_rate_is_a_percentage(percent):
    with pytest.raises(InvalidAmount):
        bill(tax=tax(percent))


@pytest.mark.parametrize(
    ("wallet", "applied", "due"), [(0, 0, 1000), (400, 400, 600), (1000, 1000, 0), (5000, 1000, 0)]
)
def test_credit_is_used_and_the_surplus_stays(wallet, applied, due):
    draft = bill(wallet=usd(wallet))
    assert (draft.credit_applied, draft.amount_due) == (usd(applied), usd(due))
    assert (draft.total, draft.to_wallet) == (usd(1000), usd(0))


@pytest.mark.parametrize(
    ("minor", "due", "carried"), [(49, 0, 49), (50, 50, 0), (51, 51, 0), (0, 0, 0)]
)
def test_less_than_the_provider_takes_is_carried_forward(minor, due, carried):
    draft = bill(price(minor), minimum=usd(50))
    assert (draft.amount_due, draft.carried_forward) == (usd(due), usd(carried))


def test_what_was_carried_forward_is_asked_for_next():
    draft = bill(price(30), minimum=usd(50), carried=usd(30))
    assert (draft.amount_due, draft.carried_forward) == (usd(60), usd(0))
    assert draft.lines[-1].kind is LineKind.CARRIED_IN


def test_a_full_discount_leaves_nothing_to_charge():
    draft = bill(coupons=[percent_off("100")], minimum=usd(50))
    assert (draft.total, draft.amount_due, draft.carried_forward) == (usd(0), usd(0), usd(0))


def test_coupons_that_do_not_fit_take_nothing_off():
    euro = fixed_off(500, currency="EUR")
    other = percent_off("50", plans=frozenset({"team"}))
    assert bill(coupons=[euro, other]).discount == usd(0)


def test_coupons_together_take_at_most_the_price():
    draft = bill(price(100), [fixed_off(90), fixed_off(90, code="MORE")])
    assert (draft.discount, draft.total) == (usd(100), usd(0))
    assert "by FIX, MORE" in draft.lines[0].explanation


@pytest.mark.parametrize("field", ["wallet", "carried"])
def test_a_negative_balance_is_a_broken_invariant(field):
    with pytest.raises(NegativeTotal):
        bill(**{field: usd(-1)})


def test_currencies_never_mix():
    with pytest.raises(CurrencyMismatch):
        bill(wallet=Money(5, "EUR"))


def test_a_surplus_may_be_kept_refunded_or_forfeited():
    kept = assemble("USD", lines(-500, 200), Settlement())
    assert (kept.total, kept.to_wallet, kept.lines[-1].kind) == (
        usd(0), usd(300), LineKind.TO_WALLET,
    )  # fmt: skip
    lost = assemble("USD", lines(-500, 200), Settlement(), surplus_to=UnusedTime.NONE)
    assert (lost.total, lost.to_wallet, lost.lines[-1].kind) == (
        usd(0), usd(0), LineKind.FORFEITED,
    )  # fmt: skip


@given(
    st.lists(st.integers(-(10**9), 10**9), max_size=8),
    st.integers(0, 10**9),
    st.integers(0, 10**4),
    st.decimals(0, 100, places=2),
    st.booleans(),
)
def test_every_invoice_adds_up_and_is_never_negative(minors, wallet, minimum, percent, inclusive):
    settlement = Settlement(
        wallet=usd(wallet),
        minimum=usd(minimum),
        tax=TaxRule(percent=percent, is_inclusive=inclusive),
    )
    draft = assemble("USD", lines(*minors), settlement)
    assert draft.total.minor >= 0
    assert draft.total == Money.total((line.total for line in draft.lines), "USD")
    assert draft.total == draft.amount_due + draft.credit_applied + draft.carried_forward
    assert draft.credit_applied <= usd(wallet)
    assert not draft.amount_due or draft.amount_due >= usd(minimum)
    if inclusive:
        assert draft.total == max(usd(sum(minors)), usd(0))


@given(
    money("USD", low=0, high=10**7), money("USD", low=0, high=10**7), st.integers(0, 30 * 86399),
    st.sampled_from(["0", "12.5", "100"]),
)  # fmt: skip
def test_upgrade_and_back_at_the_same_instant_nets_nothing(old, new, seconds, percent):
    policies = Policies(
        downgrade=DowngradePolicy.NOW_WITH_CREDIT, upgrade=UpgradePolicy.NOW_WITH_INVOICE
    )
    coupons = [percent_off(percent)] if percent != "0" else []
    now = at("2024-06-01") + (at("2024-06-02") - at("2024-06-01")) / 86400 * seconds
    cheap, dear = price(old.minor, "a"), price(new.minor, "b")

    def total(subscription, to):
        current = quote_period(
            kind=InvoiceKind.RENEWAL, price=subscription.price, period=JUNE, coupons=coupons
        )
        invoice = quote_change(
            ChangeFacts(
                subscription=subscription, price=to, now=now, policies=policies, coupons=coupons,
                current_net=current.total,
            )
        ).invoice  # fmt: skip
        return invoice.total.minor - invoice.to_wallet.minor

    there = active(cheap)
    assert total(there, dear) == -total(replace(there, price=dear), cheap)


def test_a_change_without_an_invoice_has_an_empty_one():
    later = quote_change(
        ChangeFacts(
            subscription=active(), price=price(500, "small"), now=at("2024-06-16"),
            policies=Policies(),
        )
    )  # fmt: skip
    assert (later.invoice.lines, later.effective_at) == ((), JUNE.ends_at)
    assert later.new_period == Period(at("2024-07-01"), at("2024-08-01"))
    other_cycle = quote_change(
        ChangeFacts(
            subscription=active(), price=price(100, "small", WEEKLY), now=at("2024-06-16"),
            policies=Policies(),
        )
    )  # fmt: skip
    assert other_cycle.new_period == Period(at("2024-07-01"), at("2024-07-08"))


def test_a_draft_that_does_not_add_up_is_never_sent():
    draft = bill()
    for broken in (
        replace(draft, subtotal=usd(999)),
        replace(draft, discount=usd(1)),
        replace(draft, tax=usd(1)),
        replace(draft, total=usd(999)),
        replace(draft, amount_due=usd(999)),
    ):
        with pytest.raises(TotalsDisagree):
            check_draft(broken)
    with pytest.raises(NegativeTotal):
        check_draft(replace(draft, amount_due=usd(-1)))


def item(number=0, period=JUNE):
    return DueItem(
        subscription_id="s", price_id=f"p{number}", kind=InvoiceKind.RENEWAL, period=period
    )


def test_two_items_for_one_period_are_a_fault():
    check_items([item(0), item(1)])
    with pytest.raises(PeriodBilledTwice):
        check_items([item(), item()])
    with pytest.raises(PeriodBilledTwice):
        check_items([item(period=None), item(period=None)])


def test_more_than_15_items_on_one_day_are_a_fault():
    check_items([item(number) for number in range(15)])
    with pytest.raises(TooManyItems) as caught:
        check_items([item(number) for number in range(16)])
    assert isinstance(caught.value, BrokenInvariant)


def test_what_was_invoiced_is_not_due_again():
    schedule = Schedule(subscription_id="s", price=price(), anchor=at("2024-01-31"))
    items = due_items(schedule, until=at("2024-03-31"))
    assert [found.kind.value for found in items] == ["first", "renewal", "renewal"]
    assert due_items(schedule, until=at("2024-03-31"), invoiced=set(items[:2])) == items[2:]
    ending = replace(schedule, ends_at=at("2024-03-31"))
    assert due_items(ending, until=at("2024-12-31")) == items[:2]
    once = Schedule(subscription_id="s", price=price(frequency=ONE_TIME), anchor=at("2024-01-31"))
    assert [found.period for found in due_items(once, until=at("2024-03-31"))] == [None]


def test_a_flood_of_bills_is_a_fault():
    weekly = Schedule(subscription_id="s", price=price(frequency=WEEKLY), anchor=at("2024-01-01"))
    with pytest.raises(TooManyItems):
        due_items(weekly, until=at("2024-12-31"))
