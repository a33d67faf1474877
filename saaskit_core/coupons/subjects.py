"""Who a customer is for the limits "per customer", whatever spelling of himself he gives."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_DOTS_MEAN_NOTHING = frozenset({"gmail.com", "googlemail.com"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is known of a customer: his account, the fingerprint of his means of payment, an e-mail.

    Any may be missing. Accounts and fingerprints are the strong ones: an address costs nothing.
    """

    account: str = ""
    fingerprint: str = ""
    email: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        """What he can be recognised by, the strongest first; empty for a stranger."""
        named = (
            ("account", self.account),
            ("card", self.fingerprint),
            ("email", canonical_email(self.email)),
        )
        return tuple(f"{kind}:{value}" for kind, value in named if value)

    @property
    def is_stranger(self) -> bool:
        """Whether nothing is known of him, so that nothing can be counted per customer."""
        return not self.keys

    def is_same_as(self, other: Subject) -> bool:
        """Tell whether both are one customer: they share an account, a card or an address."""
        return not set(self.keys).isdisjoint(other.keys)


def canonical_email(address: str) -> str:
    """Return the mailbox that an address reaches, for comparing, never for sending to.

    Case, full-width letters and a tag after `+` don't make another customer; nor do dots at
    Gmail, which ignores them (support.google.com/mail/answer/7436150). "" stays "".
    """
    folded = unicodedata.normalize("NFKC", address).strip().casefold()
    local, at, domain = folded.rpartition("@")
    if not at:
        return folded
    mailbox = local.partition("+")[0] or local
    domain = domain.rstrip(".")
    if domain in _DOTS_MEAN_NOTHING:
        mailbox, domain = mailbox.replace(".", ""), "gmail.com"
    return f"{mailbox}@{domain}"


def count_of(subject: Subject, takers: Iterable[Subject]) -> int | None:
    """Return how many of the takers are the subject; None for a stranger, who can't be counted."""
    if subject.is_stranger:
        return None
    return sum(subject.is_same_as(taker) for taker in takers)
