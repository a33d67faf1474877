from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.features import OPERATORS, Constraint, EvaluationContext

COMPARING = sorted(OPERATORS - {"IN", "NOT_IN"})


def holds(operator, values, given_value, **more):
    constraint = Constraint(attribute="x", operator=operator, values=values, **more)
    return constraint.holds(EvaluationContext(attributes={"x": given_value}))


@pytest.mark.parametrize(
    ("operator", "values", "given_value", "expected"),
    [
        ("IN", ["a", "b"], "b", True),
        ("IN", ["a"], "A", False),
        ("IN", ["7"], 7, True),
        ("IN", ["true"], True, True),
        ("IN", [], "a", False),
        ("NOT_IN", ["a"], "b", True),
        ("NOT_IN", ["a"], "a", False),
        ("NOT_IN", [], "a", True),
        ("STR_CONTAINS", ["lo w", "zzz"], "hello world", True),
        ("STR_CONTAINS", ["LO"], "hello", False),
        ("STR_CONTAINS", [], "hello", False),
        ("STR_STARTS_WITH", ["he"], "hello", True),
        ("STR_STARTS_WITH", ["lo"], "hello", False),
        ("STR_ENDS_WITH", ["lo"], "hello", True),
        ("STR_ENDS_WITH", ["he"], "hello", False),
        ("NUM_EQ", ["12.0"], 12, True),
        ("NUM_EQ", ["0.1"], "0.10", True),
        ("NUM_EQ", ["1e3"], 1000, True),
        ("NUM_GT", ["9007199254740993"], "9007199254740993.5", True),
        ("NUM_GT", ["5"], 5, False),
        ("NUM_GTE", ["5"], 5, True),
        ("NUM_LT", ["5"], -3, True),
        ("NUM_LTE", ["5"], 6, False),
        ("DATE_AFTER", ["2026-01-01T00:00:00Z"], "2026-01-01T00:00:00.001Z", True),
        ("DATE_AFTER", ["2026-01-01T00:00:00Z"], "2026-01-01", False),
        ("DATE_AFTER", ["2026-01-01T02:00:00+02:00"], "2026-01-01T00:00:01", True),
        ("DATE_BEFORE", ["2026-01-01"], datetime(2025, 12, 31, 23, 59, tzinfo=UTC), True),
        ("SEMVER_EQ", ["1.2.3"], "1.2.3+build", True),
        ("SEMVER_GT", ["1.2.3-rc.1"], "1.2.3", True),
        ("SEMVER_GTE", ["1.10.0"], "1.9.0", False),
        ("SEMVER_LT", ["1.10.0"], "1.9.0", True),
        ("SEMVER_LTE", ["1.9.0"], "1.9.0", True),
        ("IN_CIDR", ["10.0.0.0/8", "nonsense"], "10.1.2.3", True),
        ("IN_CIDR", ["10.0.0.1/8"], "10.1.2.3", True),
        ("IN_CIDR", ["10.0.0.0/8"], "::ffff:10.1.2.3", True),
        ("IN_CIDR", ["10.0.0.0/8"], "11.1.2.3", False),
        ("IN_CIDR", ["10.0.0.0/8"], "2001:db8::1", False),
        ("IN_CIDR", ["2001:db8::/32"], "2001:db8::1", True),
        ("REGEX", ["^a+$"], "aaa", True),
        ("REGEX", ["^a+$"], "aab", False),
    ],
)
def test_operators(operator, values, given_value, expected):
    assert holds(operator, values, given_value) is expected
    assert holds(operator, values, given_value, is_inverted=True) is not expected


@pytest.mark.parametrize(
    ("operator", "value"),
    [("STR_CONTAINS", "LL"), ("STR_STARTS_WITH", "HE"), ("STR_ENDS_WITH", "LO"), ("REGEX", "^HE")],
)
def test_case_may_be_ignored(operator, value):
    assert holds(operator, [value], "hello", is_case_insensitive=True)
    assert not holds(operator, [value], "hello")


@pytest.mark.parametrize("is_inverted", [False, True])
@pytest.mark.parametrize(
    ("operator", "values", "given_value"),
    [
        ("NUM_EQ", ["x"], 1),
        ("NUM_EQ", ["1"], "x"),
        ("NUM_EQ", ["1"], True),
        ("NUM_EQ", ["1"], "NaN"),
        ("NUM_LT", ["1"], float("inf")),
        ("NUM_LT", ["1_0"], 1),
        ("NUM_GT", ["1"], "9" * 500),
        ("NUM_EQ", [], 1),
        ("DATE_AFTER", ["2026-01-01"], "yesterday"),
        ("DATE_BEFORE", ["2026-13-01"], "2026-01-01"),
        ("DATE_BEFORE", ["2026-01-01"], "2026-01-01" + "0" * 99),
        ("DATE_AFTER", ["0001-01-01T00:00:00+14:00"], "2026-01-01"),
        ("SEMVER_EQ", ["v1.2.3"], "v1.2.3"),
        ("SEMVER_GT", ["1.2.3"], "1.2"),
        ("IN_CIDR", ["nonsense"], "10.0.0.1"),
        ("IN_CIDR", ["10.0.0.0/8"], "nonsense"),
        ("IN_CIDR", [], "10.0.0.1"),
        ("REGEX", ["("], "("),
        ("REGEX", [], "a"),
        ("REGEX", ["a"], "a" * 10_000),
        ("NOT_AN_OPERATOR", ["a"], "a"),
        ("", ["a"], "a"),
    ],
)
def test_what_cant_be_compared_is_false_even_when_inverted(
    operator, values, given_value, is_inverted
):
    assert holds(operator, values, given_value, is_inverted=is_inverted) is False


@pytest.mark.parametrize("operator", COMPARING)
@pytest.mark.parametrize("missing", [None, [], {}])
@pytest.mark.parametrize("is_inverted", [False, True])
def test_a_missing_attribute_fulfils_nothing(operator, missing, is_inverted):
    assert holds(operator, ["1"], missing, is_inverted=is_inverted) is False


@pytest.mark.parametrize(
    ("operator", "is_inverted", "expected"),
    [("IN", False, False), ("NOT_IN", False, True), ("IN", True, True), ("NOT_IN", True, False)],
)
def test_a_missing_attribute_is_not_in_any_list(operator, is_inverted, expected):
    assert holds(operator, ["1"], None, is_inverted=is_inverted) is expected


def test_the_values_are_kept_as_texts():
    assert Constraint(attribute="x", operator="IN", values=[1, None, "a", [2]]).values == ("1", "a")
    assert Constraint(attribute="x", operator="IN", values="abc").values == ("abc",)
    assert Constraint(attribute="x", operator="IN", values=None).values == ()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.datetimes(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(
    st.sampled_from([*sorted(OPERATORS), "NONSENSE"]),
    json_values,
    json_values,
    st.booleans(),
    st.booleans(),
)
def test_no_document_and_no_context_ever_raises(operator, values, given_value, inverted, folded):
    answer = holds(operator, values, given_value, is_inverted=inverted, is_case_insensitive=folded)
    assert answer in (True, False)
