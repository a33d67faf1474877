import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.limits import (
    Allowed,
    CalendarUnit,
    Counter,
    HeaderStyle,
    Policy,
    decide,
    decision_headers,
    rate_headers,
    retry_after,
)

NOON = datetime(2026, 1, 1, 12, 0, 30, tzinfo=UTC)
ITEM = re.compile(r'"((?:[^"\\]|\\.)*)"((?:;[a-z]+=[0-9]+)*)(?:, |$)')


def parsed(field):
    """Read a list of structured strings with whole-number parameters, all of it."""
    items = list(ITEM.finditer(field))
    assert "".join(item[0] for item in items) == field
    return {
        re.sub(r"\\(.)", r"\1", item[1]): {
            key: int(value) for key, value in re.findall(r";([a-z]+)=([0-9]+)", item[2])
        }
        for item in items
    }


def burst(quota=100):
    return Policy(name="burst", quota=quota, window=timedelta(minutes=1))


def daily(quota=1000):
    return Policy(name="daily", quota=quota, calendar=CalendarUnit.DAY)


def test_the_drafts_fields_name_each_policy():
    decision = decide([burst(), daily()], {"burst": Counter(49)}, cost=1, now=NOON)
    assert decision_headers(decision, now=NOON, style=HeaderStyle.DRAFT) == {
        "RateLimit-Policy": '"burst";q=100;w=60, "daily";q=1000;w=86400',
        "RateLimit": '"burst";r=50;t=30, "daily";r=999;t=43170',
    }


def test_the_older_fields_are_of_the_tightest_policy():
    decision = decide([burst(), daily(20)], {"burst": Counter(49)}, cost=1, now=NOON)
    assert decision_headers(decision, now=NOON, style=HeaderStyle.LEGACY) == {
        "X-RateLimit-Limit": "20",
        "X-RateLimit-Remaining": "19",
        "X-RateLimit-Reset": "43170",
    }


@pytest.mark.parametrize(
    ("style", "count"), [("draft", 2), ("legacy", 3), ("both", 5), ("none", 0)]
)
def test_the_style_decides_which(style, count):
    found = decision_headers(
        decide([burst()], {}, cost=1, now=NOON), now=NOON, style=HeaderStyle(style)
    )
    assert len(found) == count


def test_a_refusal_says_when_it_may_work_again():
    decision = decide([burst(1), daily()], {"burst": Counter(1)}, cost=1, now=NOON)
    found = decision_headers(decision, now=NOON, style=HeaderStyle.DRAFT)
    assert found["Retry-After"] == "31"
    assert parsed(found["RateLimit"])["burst"] == {"r": 0, "t": 31}


def test_what_is_not_in_the_plan_has_no_retry_after():
    decision = decide([daily(0)], {}, cost=1, now=NOON)
    assert "Retry-After" not in decision_headers(decision, now=NOON, style=HeaderStyle.BOTH)


def test_nothing_is_said_when_nothing_is_limited():
    assert rate_headers((), now=NOON, style=HeaderStyle.BOTH) == {}


@given(
    st.lists(st.text(max_size=8), min_size=1, max_size=3, unique=True),
    st.integers(0, 2**53 - 2),
    st.integers(0, 10**6),
    st.integers(1, 10**6),
    st.integers(0, 86_399),
)
def test_header_values_parse_back(names, quota, used, cost, second):
    now = NOON.replace(hour=0, second=0) + timedelta(seconds=second)
    policies = [Policy(name=n, quota=quota, window=timedelta(seconds=90)) for n in names]
    decision = decide(policies, {n: Counter(used, used) for n in names}, cost=cost, now=now)
    found = decision_headers(decision, now=now, style=HeaderStyle.BOTH)
    policy, limit = parsed(found["RateLimit-Policy"]), parsed(found["RateLimit"])
    assert list(policy) == list(limit)
    assert all(each == {"q": min(quota, 10**15 - 1), "w": 90} for each in policy.values())
    assert all(set(each) == {"r", "t"} for each in limit.values())
    if not isinstance(decision, Allowed) and decision.retry_at is not None:
        assert int(found["Retry-After"]) == retry_after(decision, now)
        assert all(each["t"] <= int(found["Retry-After"]) for each in limit.values())
