import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.referrals import FraudRules, Party, Signal, Traffic, is_same_person, signals

RULES = FraudRules()


def found(one, other, rules=RULES, traffic=None):
    sides = Party(account="a", **one), Party(account="b", **other)
    return signals(*sides, traffic or Traffic(), rules)


def test_nothing_known_is_nothing_alike():
    assert found({}, {}) == ()
    assert not is_same_person(Party(account="a"), Party(account="b"))
    assert is_same_person(Party(account="a"), Party(account="a", name="Other"))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"email": "a@x.io"}, {"email": "A@X.io "}, True),
        ({"email": "a@x.io"}, {"email": "a+1@x.io"}, False),
        ({"name": "Ann Lee"}, {"name": "\uff21nn   lee"}, True),
        ({"name": "Ann Lee"}, {"name": "Lee Ann"}, False),
    ],
)
def test_only_what_is_equal_to_the_letter_is_one_person(one, other, same):
    assert is_same_person(Party(account="1", **one), Party(account="2", **other)) is same


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("john.smith1@a.io", "jsmith@a.io", False),
        ("john.smith1@a.io", "john-smith2@b.io", True),
        ("ann@a.io", "ann2@b.io", True),
        ("ann@a.io", "anna@b.io", False),
        ("1234@a.io", "1234@b.io", True),
        ("1234@a.io", "5678@b.io", False),
        ("abcdefghij@x.io", "abcdefghiz@x.io", True),
        ("abcde@x.io", "abcdz@x.io", False),
    ],
)
def test_mailboxes_that_differ_in_digits_dots_or_little_are_alike(one, other, alike):
    assert (Signal.SIMILAR_EMAIL in found({"email": one}, {"email": other})) is alike
    assert (Signal.SIMILAR_EMAIL in found({"email": other}, {"email": one})) is alike


@pytest.mark.parametrize(("percent", "alike"), [(79, True), (80, True), (81, False)])
def test_how_much_must_be_the_same_is_a_setting(percent, alike):
    rules = FraudRules(likeness_percent=percent)
    assert (found({"name": "abcde"}, {"name": "abcdz"}, rules) == (Signal.SIMILAR_NAME,)) is alike


def test_a_site_brings_its_own_throw_away_hosts():
    rules = FraudRules(disposable=frozenset({"x.io"}))
    assert found({}, {"email": "a@X.io"}, rules) == (Signal.DISPOSABLE_EMAIL,)
    assert found({"email": "a@x.io"}, {}, rules) == ()
    assert found({}, {"email": "a@yopmail.com"}, rules) == ()


def test_all_signals_come_in_one_order():
    same = {"ip": "i", "device": "d", "card": "c", "name": "Al"}
    one = {**same, "email": "ann@yopmail.com"}
    traffic = Traffic(from_ip=3, by_referrer=10)
    assert found(one, {**one}, traffic=traffic) == tuple(Signal)


parties = st.builds(
    Party,
    account=st.just("a"),
    name=st.text(max_size=12),
    email=st.text(max_size=12),
    ip=st.sampled_from(["", "1"]),
)


@given(parties, parties)
def test_likeness_has_no_direction(one, other):
    first = set(signals(one, other, Traffic(), RULES)) - {Signal.DISPOSABLE_EMAIL}
    second = set(signals(other, one, Traffic(), RULES)) - {Signal.DISPOSABLE_EMAIL}
    assert first == second
