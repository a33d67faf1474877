"""Whether somebody was referred: no self, no circle, nobody twice, only newcomers, only in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from saaskit_core.coupons import normalise_code
from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.periods import utc
from saaskit_core.referrals.events import (
    ReferralAttributed,
    ReferralEvent,
    ReferralFlagged,
    event_of,
)
from saaskit_core.referrals.fraud import FraudRules, Party, Traffic, is_same_person, signals
from saaskit_core.referrals.model import Referral, ReferralStatus, Step

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from saaskit_core.referrals.programmes import Programme

NO_TRAFFIC = Traffic()
DEFAULT_RULES = FraudRules()


class ReferralRefused(SaasKitError):
    """Base of every reason why somebody isn't referred."""

    code = "referral_refused"
    kind = ErrorKind.CONFLICT
    template = "This referral code can't be used."


class ReferralCodeUnusable(ReferralRefused):
    """Unknown, switched off, over, or given to as many as it may be: told alike to everybody."""

    code = "referral_code_unusable"


class SelfReferral(ReferralRefused):
    code = "self_referral"
    template = "You can't refer yourself."


class ReferralCircular(ReferralRefused):
    code = "referral_circular"
    template = "Who you were the reason to come can't be the reason that you came."


class AlreadyReferred(ReferralRefused):
    code = "already_referred"
    template = "You have been referred already; the first referral counts."


class ReferredNotNew(ReferralRefused):
    code = "referred_not_new"
    template = "A referral counts for new customers only, before their first payment."


class AttributionWindowClosed(ReferralRefused):
    code = "attribution_window_closed"
    template = "A referral code has to be given within %(days)s days of signing up."


class ReferralBlocked(ReferralRefused):
    """Both sides are one person. For the log: `public_refusal` says what to tell."""

    code = "referral_blocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralCode:
    """The code a customer shares; `generate_code` of the coupons makes one of random bytes.

    `uses` are the referrals it has brought so far; 0 for `max_uses` is any number.
    """

    code: str
    owner: str
    programme: str
    max_uses: int = 0
    uses: int = 0
    expires_at: datetime | None = None
    is_active: bool = True

    def __post_init__(self) -> None:
        """Keep the code in its one spelling. Raises CouponCodeInvalid, NaiveDatetime."""
        object.__setattr__(self, "code", normalise_code(self.code))
        if self.expires_at is not None:
            object.__setattr__(self, "expires_at", utc(self.expires_at))

    def is_usable_at(self, now: datetime) -> bool:
        """Tell whether another customer may be referred by it."""
        is_over = self.expires_at is not None and utc(now) >= utc(self.expires_at)
        is_used_up = bool(self.max_uses) and self.uses >= self.max_uses
        return self.is_active and not is_over and not is_used_up


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """Who gives the code. `has_paid` counts any payment ever, `referred_by` a referral before."""

    party: Party
    signed_up_at: datetime
    has_paid: bool = False
    referred_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Introduction:
    """A code that is given: by whom, whose it is, and what is known around it.

    `referrer_of` maps accounts to who referred them: at least the referrer and those above him.
    """

    id: str
    code: ReferralCode
    newcomer: Newcomer
    referrer: Party
    referrer_of: Mapping[str, str]
    traffic: Traffic = NO_TRAFFIC


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A referral as it is now, and what there is to tell."""

    referral: Referral
    events: tuple[ReferralEvent, ...] = ()


def attribute(
    given: Introduction,
    *,
    programme: Programme,
    now: datetime,
    rules: FraudRules = DEFAULT_RULES,
) -> Changed:
    """Return the new referral: pending, or flagged for review when something is suspicious.

    Raises a ReferralRefused subclass, and then nobody was referred. A referral counts from the
    first code on: a second one is refused, whosever it is.
    """
    now = utc(now)
    _check_parties(given)
    is_theirs = programme.is_active and given.code.programme == programme.key
    if not is_theirs or not given.code.is_usable_at(now):
        raise ReferralCodeUnusable()
    _check_newcomer(given.newcomer, programme, now)
    if is_same_person(given.referrer, given.newcomer.party):
        raise ReferralBlocked()
    found = signals(given.referrer, given.newcomer.party, given.traffic, rules)
    status = ReferralStatus.FLAGGED if found else ReferralStatus.PENDING
    note = f"{given.newcomer.party.account} was referred by {given.code.owner}"
    suspicion = f"; to be reviewed for {', '.join(found)}" if found else ""
    referral = Referral(
        id=given.id,
        programme=programme.key,
        code=given.code.code,
        referrer=given.code.owner,
        referred=given.newcomer.party.account,
        status=status,
        signals=found,
        review_by=now + programme.review if found else None,
        history=(Step(at=now, status=status, note=note + suspicion),),
    )
    return Changed(referral=referral, events=_events(referral, now))


def public_refusal(refused: ReferralRefused) -> ReferralRefused:
    """Return what the newcomer is told: who was found out hears what any useless code says."""
    if not isinstance(refused, ReferralBlocked):
        return refused
    answer = ReferralCodeUnusable()
    answer.__cause__ = refused
    return answer


def check_chain(referrer: str, referred: str, referrer_of: Mapping[str, str]) -> None:
    """Walk up from the referrer: whoever he came from can't come from him. Raises ReferralCircular.

    A circle that is there already, by whatever accident, ends the walk and is refused as well.
    """
    seen = {referred}
    above: str | None = referrer
    while above:
        if above in seen:
            raise ReferralCircular()
        seen.add(above)
        above = referrer_of.get(above)


def _check_parties(given: Introduction) -> None:
    referred = given.newcomer.party.account
    if given.code.owner == referred:
        raise SelfReferral()
    if given.newcomer.referred_by or referred in given.referrer_of:
        raise AlreadyReferred()
    check_chain(given.code.owner, referred, given.referrer_of)


def _check_newcomer(newcomer: Newcomer, programme: Programme, now: datetime) -> None:
    if newcomer.has_paid:
        raise ReferredNotNew()
    if now >= utc(newcomer.signed_up_at) + programme.window:
        raise AttributionWindowClosed(days=programme.window_days)


def _events(referral: Referral, now: datetime) -> tuple[ReferralEvent, ...]:
    attributed = event_of(ReferralAttributed, referral, now, referral_code=referral.code)
    if not referral.signals:
        return (attributed,)
    names = tuple(signal.value for signal in referral.signals)
    return (attributed, event_of(ReferralFlagged, referral, now, signals=names))
