from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.analytics.figures import lifetime_value
from saaskit_core.analytics.history import Ledger, history_of_changes, history_of_rows
from saaskit_core.analytics.months import Calendar, Month
from saaskit_core.analytics.movements import (
    MovementKind,
    RevenueChange,
    UnsortedChanges,
    changes_of,
    movements,
)
from saaskit_core.analytics.mrr import arr, mrr
from saaskit_core.testing.strategies import zones
from tests.core.analytics.builders import CUSTOMERS, line, lines
from tests.core.billing_builders import YEARLY, at

YEARS = Calendar(first=Month(2024, 3), last=Month(2025, 10))
SPRING = Calendar(first=Month(2024, 1), last=Month(2024, 5))


def history(*given_lines, calendar=SPRING):
    return history_of_changes(changes_of(given_lines), calendar=calendar)


def months(*given_lines, calendar=SPRING, currency="USD"):
    return history(*given_lines, calendar=calendar).months[currency]


def amounts(figures, kind):
    return [int(month.movements[kind]) for month in figures]


FIVE = (
    line(1000, who="a", start="2023-06-01"),
    line(1000, who="b", start="2023-07-01", end="2024-02-10"),
    line(2000, who="c", start="2023-12-31", end="2024-03-01"),
    line(500, who="c", start="2024-03-01"),
    line(800, who="d", start="2024-02-05", end="2024-02-20"),
    line(1000, who="b", start="2024-04-02"),
    line(3000, who="a", start="2024-05-31"),
)


def test_a_month_has_its_movements_and_its_two_ends():
    figures = months(*FIVE)
    assert [int(month.opening) for month in figures] == [4000, 4000, 3000, 1500, 2500]
    assert [int(month.closing) for month in figures] == [4000, 3000, 1500, 2500, 5500]
    assert amounts(figures, MovementKind.NEW) == [0, 800, 0, 0, 0]
    assert amounts(figures, MovementKind.CHURN) == [0, -1800, 0, 0, 0]
    assert amounts(figures, MovementKind.CONTRACTION) == [0, 0, -1500, 0, 0]
    assert amounts(figures, MovementKind.REACTIVATION) == [0, 0, 0, 1000, 0]
    assert amounts(figures, MovementKind.EXPANSION) == [0, 0, 0, 0, 3000]
    assert [month.customers_at_end for month in figures] == [3, 2, 2, 3, 3]
    assert figures[1].moved[MovementKind.CHURN] == 2


def test_churn_and_retention_are_of_those_who_were_there_at_the_start():
    february, march = months(*FIVE)[1:3]
    assert february.customers_lost == 1
    assert february.customer_churn_rate == Fraction(1, 3)
    assert february.gross_churn_rate == february.net_churn_rate == Fraction(1, 4)
    assert (february.nrr, february.grr) == (Fraction(3, 4), Fraction(3, 4))
    assert (march.customer_churn_rate, march.grr) == (0, Fraction(1, 2))
    may = months(*FIVE)[4]
    assert (may.nrr, may.grr, may.net_churn_rate) == (Fraction(55, 25), 1, Fraction(-30, 25))


def test_what_one_gains_does_not_hide_what_another_loses():
    (figures,) = months(
        line(1000, who="a", start="2023-01-01", end="2024-01-10"),
        line(1000, who="b", start="2023-01-01"),
        line(1000, who="b", start="2024-01-11"),
        calendar=Calendar(first=Month(2024, 1), last=Month(2024, 1)),
    )
    assert (figures.nrr, figures.grr) == (1, Fraction(1, 2))


def test_who_leaves_and_returns_within_the_month_has_not_churned():
    (figures,) = months(
        line(1000, start="2023-01-01", end="2024-01-10"),
        line(900, start="2024-01-20"),
        calendar=Calendar(first=Month(2024, 1), last=Month(2024, 1)),
    )
    assert (figures.customers_lost, figures.lost, figures.gained) == (0, 100, 0)
    assert figures.movements[MovementKind.CHURN] == -1000


def test_nothing_to_divide_by_is_none_and_not_zero():
    january = months(line(1000, start="2024-02-01"))[0]
    assert (january.customer_churn_rate, january.nrr, january.grr) == (None, None, None)
    assert (january.gross_churn_rate, january.net_churn_rate) == (None, None)
    assert (january.arpu, lifetime_value(january)) == (None, None)


def test_revenue_per_customer_and_lifetime_value():
    february = months(*FIVE)[1]
    assert february.arpu == 1500
    assert lifetime_value(february) == 4500
    assert lifetime_value(february, margin=Fraction(4, 5)) == 3600
    assert february.arr == arr(february.closing) == 36000


def test_without_churn_a_lifetime_has_no_value():
    january = months(*FIVE)[0]
    assert january.customer_churn_rate == 0
    assert lifetime_value(january) is None


def test_cohorts_are_by_the_month_of_the_first_revenue():
    earlier, february = history(*FIVE).cohorts["USD"]
    assert earlier.month is None
    assert (earlier.customers, earlier.revenue) == (3, 4000)
    assert earlier.customers_kept == (3, 2, 2, 3, 3)
    assert [int(kept) for kept in earlier.revenue_kept] == [4000, 3000, 1500, 2500, 5500]
    assert february.month == Month(2024, 2)
    assert (february.customers, february.revenue) == (1, 800)
    assert february.customers_kept == (0, 0, 0, 0)
    assert february.customer_retention == (0, 0, 0, 0)
    assert earlier.revenue_retention[-1] == Fraction(55, 40)


def test_months_begin_at_midnight_of_the_zone():
    late = line(1000, start="2024-01-31T23:30:00+00:00")
    assert [int(month.closing) for month in months(late)] == [1000] * 5
    paris = Calendar(first=Month(2024, 1), last=Month(2024, 2), tz="Europe/Paris")
    assert [int(month.closing) for month in months(late, calendar=paris)] == [0, 1000]


def test_currencies_have_books_of_their_own():
    both = history(line(1000), line(5, currency="JPY"))
    assert list(both.months) == ["JPY", "USD"]
    assert both.months["JPY"][0].closing == 5


def test_nothing_at_all_is_no_currency():
    assert history().months == history().cohorts == {}


def test_changes_must_come_in_order():
    changes = [
        RevenueChange(at=at(day), customer_id="c", currency="USD", monthly=Fraction(1))
        for day in ("2024-02-01", "2024-01-01")
    ]
    with pytest.raises(UnsortedChanges):
        history_of_changes(changes, calendar=SPRING)


def test_a_ledger_tells_at_any_time_and_goes_on():
    ledger = Ledger(SPRING)
    changes = changes_of(FIVE)
    for change in changes[:5]:
        ledger.record(change)
    assert ledger.history() == ledger.history()
    for change in changes[5:]:
        ledger.record(change)
    assert ledger.history() == history(*FIVE)


def rows_of(given_lines):
    return sorted((each.row for each in given_lines), key=lambda row: row.customer_id)


@given(lines(), zones())
def test_rows_by_customer_and_changes_by_time_come_to_the_same(given_lines, tz):
    calendar = Calendar(first=Month(2024, 2), last=Month(2025, 6), tz=tz)
    by_time = history_of_changes(changes_of(given_lines), calendar=calendar)
    by_customer = history_of_rows(rows_of(given_lines), calendar=calendar)
    assert by_time == by_customer


@given(lines())
def test_case_41_the_movements_of_a_month_are_what_its_ends_differ_by(given_lines):
    for currency, figures in history(*given_lines, calendar=YEARS).months.items():
        for month in figures:
            starts_at, ends_at = month.month.starts_at(), month.month.plus(1).starts_at()
            assert sum(month.movements.values()) == month.closing - month.opening
            assert month.closing == _just_before(given_lines, ends_at, currency)
            assert month.opening == _just_before(given_lines, starts_at, currency)


def _just_before(given_lines, at_, currency):
    """The revenue at a boundary, as the month that ends there sees it."""
    own = [
        each
        for each in given_lines
        if each.starts_at < at_ and (each.ends_at is None or each.ends_at >= at_)
    ]
    return sum((each.monthly for each in own if each.amount.currency == currency), Fraction(0))


@given(lines())
def test_cohorts_add_up_to_the_totals(given_lines):
    found = history(*given_lines, calendar=YEARS)
    for currency, figures in found.months.items():
        for place, month in enumerate(figures):
            kept = [_at_place(cohort, place) for cohort in found.cohorts[currency]]
            assert sum(customers for customers, _ in kept) == month.customers_at_end
            assert sum(revenue for _, revenue in kept) == month.closing


def _at_place(cohort, place):
    began = YEARS.months.index(cohort.month) if cohort.month else 0
    if place < began:
        return 0, Fraction(0)
    return cohort.customers_kept[place - began], cohort.revenue_kept[place - began]


@given(lines())
def test_retention_is_one_less_gross_churn_plus_expansion(given_lines):
    for figures in history(*given_lines, calendar=YEARS).months.values():
        for month in figures:
            if month.opening:
                assert month.nrr == 1 - month.gross_churn_rate + month.gained / month.opening
                assert month.nrr == 1 - month.net_churn_rate
                assert month.grr == 1 - month.gross_churn_rate
                assert 0 <= month.grr <= min(1, month.nrr)
                assert 0 <= month.customer_churn_rate <= 1


@given(lines())
def test_retention_is_what_the_customers_of_the_start_bring_at_the_end(given_lines):
    for currency, figures in history(*given_lines, calendar=YEARS).months.items():
        for month in figures:
            ends = [
                (_own(given_lines, who, month.month.starts_at(), currency),
                 _own(given_lines, who, month.month.plus(1).starts_at(), currency))
                for who in CUSTOMERS
            ]  # fmt: skip
            there = [(opening, closing) for opening, closing in ends if opening]
            assert month.customers_at_start == len(there)
            assert month.customers_lost == sum(not closing for _, closing in there)
            assert month.opening - month.lost + month.gained == sum(c for _, c in there)
            assert month.opening - month.lost == sum(min(pair) for pair in there)


def _own(given_lines, who, at_, currency):
    return _just_before([x for x in given_lines if x.customer_id == who], at_, currency)


@given(lines(), st.randoms())
def test_the_order_within_one_instant_does_not_matter(given_lines, random):
    changes = changes_of(given_lines)
    shuffled = list(changes)
    random.shuffle(shuffled)
    shuffled.sort(key=lambda change: change.at)
    one, other = (history_of_changes(each, calendar=YEARS) for each in (changes, shuffled))
    assert one == other
    assert _told(movements(changes)) == _told(movements(shuffled))


def _told(moved):
    return sorted(
        (each.at, each.customer_id, each.currency, each.kind, each.monthly) for each in moved
    )


def test_a_yearly_price_and_an_odd_interval_stay_exact():
    (january, *_) = months(line(50000, YEARLY), line(10, who="b"))
    assert january.closing == Fraction(50000, 12) + 10
    assert mrr([line(50000, YEARLY)], at=at("2024-06-15")) == {"USD": Fraction(12500, 3)}
