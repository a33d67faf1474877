"""Who tries to refer himself: what is refused outright, and what somebody should look at.

Only what can't be a coincidence is refused. Families, offices and campuses share addresses on the
net, so everything else is a signal that flags a referral for review and takes nothing away.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from saaskit_core.coupons import canonical_email

DISPOSABLE = frozenset(
    {
        "10minutemail.com",
        "dispostable.com",
        "getnada.com",
        "guerrillamail.com",
        "mailinator.com",
        "sharklasers.com",
        "temp-mail.org",
        "tempmail.com",
        "throwawaymail.com",
        "trashmail.com",
        "yopmail.com",
    }
)
"""Some well-known throw-away mail hosts; a site brings its own longer list."""

_LONGEST = 64
_SHORTEST = 5


class Signal(StrEnum):
    """Why somebody should look at a referral."""

    SIMILAR_EMAIL = "similar_email"
    SIMILAR_NAME = "similar_name"
    SAME_IP = "same_ip"
    SAME_DEVICE = "same_device"
    SAME_CARD = "same_card"
    DISPOSABLE_EMAIL = "disposable_email"
    MANY_FROM_IP = "many_from_ip"
    BURST = "burst"


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """What is known of one side. Only the account is needed; what is "" is never alike."""

    account: str
    name: str = ""
    email: str = ""
    ip: str = ""
    device: str = ""
    card: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """How many referrals came before: from the same IP, and by the referrer in the last hour."""

    from_ip: int = 0
    by_referrer: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FraudRules:
    """From where on a referral is suspicious. More than these numbers flags."""

    max_per_ip: int = 3
    max_per_hour: int = 10
    likeness_percent: int = 85
    disposable: frozenset[str] = DISPOSABLE


def is_same_person(one: Party, other: Party) -> bool:
    """Tell whether both are certainly one: the same account, e-mail or full name, to the letter.

    Case, width and spaces don't make a difference; a tag after `+` does: that is a signal only.
    """
    return one.account == other.account or any(
        mine and mine == theirs
        for mine, theirs in (
            (_plain(one.email), _plain(other.email)),
            (_plain(one.name), _plain(other.name)),
        )
    )


def signals(
    referrer: Party, referred: Party, traffic: Traffic, rules: FraudRules
) -> tuple[Signal, ...]:
    """Return what is suspicious about a referral, in the order of Signal; nothing is refused."""
    percent = rules.likeness_percent
    host = canonical_email(referred.email).rpartition("@")[2]
    found = {
        Signal.SIMILAR_EMAIL: _are_alike(_local(referrer.email), _local(referred.email), percent),
        Signal.SIMILAR_NAME: _are_alike(_words(referrer.name), _words(referred.name), percent),
        Signal.SAME_IP: bool(referred.ip) and referrer.ip == referred.ip,
        Signal.SAME_DEVICE: bool(referred.device) and referrer.device == referred.device,
        Signal.SAME_CARD: bool(referred.card) and referrer.card == referred.card,
        Signal.DISPOSABLE_EMAIL: host in rules.disposable,
        Signal.MANY_FROM_IP: traffic.from_ip >= rules.max_per_ip,
        Signal.BURST: traffic.by_referrer >= rules.max_per_hour,
    }
    return tuple(signal for signal, is_there in found.items() if is_there)


def _are_alike(one: str, other: str, percent: int) -> bool:
    """Whether enough of both texts is the same; short ones only when they are equal."""
    if not one or not other:
        return False
    if min(len(one), len(other)) < _SHORTEST:
        return one == other
    first, second = sorted((one[:_LONGEST], other[:_LONGEST]))
    blocks = SequenceMatcher(None, first, second, autojunk=False).get_matching_blocks()
    same = sum(block.size for block in blocks)
    return 200 * same >= percent * (len(first) + len(second))


def _local(email: str) -> str:
    """The mailbox's name without digits and dots, which are what people vary."""
    local = canonical_email(email).rpartition("@")[0]
    return "".join(letter for letter in local if letter.isalpha()) or local


def _words(name: str) -> str:
    return " ".join(sorted(_plain(name).split()))


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
