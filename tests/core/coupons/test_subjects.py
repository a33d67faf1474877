import pytest
from hypothesis import given
from hypothesis import strategies as st

from saaskit_core.coupons import Subject, canonical_email, count_of


@pytest.mark.parametrize(
    ("address", "mailbox"),
    [
        ("a@example.com", "a@example.com"),
        ("A@Example.COM", "a@example.com"),
        (" a+1@example.com ", "a@example.com"),
        ("a+1+2@example.com", "a@example.com"),
        ("+only@example.com", "+only@example.com"),
        ("a.b@example.com", "a.b@example.com"),
        ("a.b+x@gmail.com", "ab@gmail.com"),
        ("A.B@GoogleMail.com.", "ab@gmail.com"),
        ("a@example.com.", "a@example.com"),
        ("\uff21@example.com", "a@example.com"),
        ('"a@b"@example.com', '"a@b"@example.com'),
        ("no address", "no address"),
        ("", ""),
    ],
)
def test_an_address_is_compared_by_its_mailbox(address, mailbox):
    assert canonical_email(address) == mailbox


@given(st.text(max_size=40))
def test_a_mailbox_is_its_own_mailbox_whatever_its_case(address):
    mailbox = canonical_email(address)
    assert canonical_email(f" {address} ") == mailbox


def test_what_one_is_recognised_by_the_strongest_first():
    everything = Subject(account="7", fingerprint="fp", email="A+1@Example.com")
    assert everything.keys == ("account:7", "card:fp", "email:a@example.com")
    assert Subject(fingerprint="7").keys == ("card:7",)
    assert Subject().keys == ()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Subject(account="1"), Subject(account="1"), True),
        (Subject(account="1"), Subject(account="2"), False),
        (Subject(account="1"), Subject(fingerprint="1"), False),
        (Subject(account="1", fingerprint="f"), Subject(account="2", fingerprint="f"), True),
        (Subject(account="1", email="a+1@x.io"), Subject(account="2", email="A@x.io"), True),
        (Subject(email="a@x.io"), Subject(email="b@x.io"), False),
        (Subject(), Subject(), False),
    ],
)
def test_two_are_one_who_share_an_account_a_card_or_a_mailbox(one, other, same):
    assert one.is_same_as(other) is same
    assert other.is_same_as(one) is same


def test_a_stranger_cannot_be_counted():
    assert Subject().is_stranger
    assert not Subject(email="a@x.io").is_stranger
    assert count_of(Subject(), [Subject()]) is None
    assert count_of(Subject(account="1"), []) == 0
    takers = [Subject(account="1"), Subject(account="2"), Subject(account="1")]
    assert count_of(Subject(account="1"), takers) == 2
