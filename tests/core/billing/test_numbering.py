"""Numbers: gap-free, once each, read back as they are spelt."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.billing.numbering import (
    DocumentNumber,
    InvalidSeries,
    NotANumberOfSeries,
    NumberGap,
    NumberReused,
    NumberSeries,
    check_contiguous,
    contiguity,
    take,
)

PLAIN = NumberSeries(prefix="INV")
YEARLY = NumberSeries(prefix="RE", width=4, is_yearly=True)


def number(value, prefix="INV", year=0):
    return DocumentNumber(prefix=prefix, year=year, value=value)


@pytest.mark.parametrize(
    ("series", "given_number", "text"),
    [
        (PLAIN, number(42), "INV-000042"),
        (PLAIN, number(12345678), "INV-12345678"),
        (YEARLY, number(7, "RE", 2026), "RE-2026-0007"),
        (PLAIN.credit_notes, number(1, "INV-CN"), "INV-CN-000001"),
        (NumberSeries(prefix="A/1", width=1), number(3, "A/1"), "A/1-3"),
    ],
)
def test_how_numbers_look(series, given_number, text):
    assert series.text(given_number) == text
    assert series.parse(text) == given_number


@pytest.mark.parametrize(
    "text", ["INV-42", "INV-0000042", "inv-000042", "INV-000000", "INV-00004x", "RE-000042", "",
             "INV-000042\n", "INV-" + "9" * 50],
)  # fmt: skip
def test_what_the_series_never_spelt(text):
    with pytest.raises(NotANumberOfSeries):
        PLAIN.parse(text)


def test_another_series_number_is_refused():
    for other in (number(1, "RE"), number(1, year=2026), number(0)):
        with pytest.raises(NotANumberOfSeries):
            PLAIN.text(other)
        with pytest.raises(NotANumberOfSeries):
            PLAIN.next(other, on=date(2026, 1, 1))


@pytest.mark.parametrize(
    "fields", [{"prefix": ""}, {"prefix": "inv"}, {"prefix": "INV-"}, {"prefix": "I" * 33},
               {"prefix": "A", "width": 0}, {"prefix": "A", "width": 19},
               {"prefix": "A", "width": 2.0}, {"prefix": None}],
)  # fmt: skip
def test_series_that_are_not_possible(fields):
    with pytest.raises(InvalidSeries):
        NumberSeries(**fields)


def test_a_yearly_series_begins_anew_and_never_goes_back():
    first = YEARLY.next(None, on=date(2025, 12, 30))
    second = YEARLY.next(first, on=date(2025, 12, 31))
    new_year = YEARLY.next(second, on=date(2026, 1, 1))
    late = YEARLY.next(new_year, on=date(2025, 12, 31))
    assert [YEARLY.text(each) for each in (first, second, new_year, late)] == [
        "RE-2025-0001", "RE-2025-0002", "RE-2026-0001", "RE-2026-0002",
    ]  # fmt: skip


def test_gaps_and_doubles_are_found_all_at_once():
    found = contiguity([number(1), number(3), number(3), number(6), number(2, "RE", 2026)])
    assert found.missing == (number(2), number(4), number(5), number(1, "RE", 2026))
    assert found.reused == (number(3),)
    assert not found.is_whole
    with pytest.raises(NumberReused):
        check_contiguous([number(1), number(1)])
    with pytest.raises(NumberGap):
        check_contiguous([number(2)])
    assert len(contiguity([number(10**12)]).missing) == 1000


def test_no_number_is_taken_over_a_gap():
    day = date(2026, 1, 1)
    assert take(PLAIN, [], on=day) == number(1)
    assert take(PLAIN, [number(2), number(1), number(9, "RE")], on=day) == number(3)
    with pytest.raises(NumberGap):
        take(PLAIN, [number(2)], on=day)


@given(st.integers(1, 200), st.booleans(), st.randoms(use_true_random=False))
def test_numbers_taken_one_by_one_are_whole(count, yearly, random):
    series = YEARLY if yearly else PLAIN
    taken, last = [], None
    for place in range(count):
        last = series.next(last, on=date(2024 + place // 50, 1, 1))
        taken.append(last)
    random.shuffle(taken)
    assert contiguity(taken).is_whole
    assert len({series.text(each) for each in taken}) == count
    assert [series.parse(series.text(each)) for each in taken] == taken
