"""Reads of referrals: what a customer sees, and what the core needs to decide."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.db.models import Count, Q, Sum

from saaskit_core.coupons import CouponCodeInvalid, normalise_code
from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.referrals import (
    MilestoneState,
    Programme,
    Referral,
    ReferralCodeUnusable,
    ReferralStatus,
    RewardEntryKind,
    RewardLedger,
    Side,
)
from saaskit_core.referrals.ledger import CAP_WINDOW
from saaskit_django.conf import conf
from saaskit_django.coupons.models import Coupon
from saaskit_django.referrals.models import (
    ReferralCode,
    ReferralProgramme,
    ReferralReward,
    ReferralTransaction,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from django.db.models import QuerySet

    from saaskit_core.referrals import Reward
    from saaskit_django.customers.models import Customer

CHUNK = 500
MOST_COUPONS = 20
SUCCESSFUL = [ReferralStatus.QUALIFIED.value, ReferralStatus.REWARDED.value]
WAITING = [ReferralStatus.PENDING.value, ReferralStatus.FLAGGED.value]
OVER = [status.value for status in ReferralStatus if status.is_over]


class NoReferralProgramme(SaasKitError):
    code = "no_referral_programme"
    kind = ErrorKind.CONFLICT
    template = "There is no referral programme at the moment."


class ReferralNotFound(SaasKitError):
    """There is no such referral."""

    code = "referral_not_found"
    kind = ErrorKind.NOT_FOUND
    template = "There is no such referral."


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralStats:
    """What came of a customer's code. `earned` is per unit of the ledger; `coupons` are unused."""

    code: ReferralCode | None
    reward: Reward | None
    total: int
    successful: int
    pending: int
    earned: Mapping[str, int]
    coupons: tuple[str, ...]


def default_programme() -> ReferralProgramme:
    """Return the programme of new codes. Raises NoReferralProgramme."""
    row = ReferralProgramme.objects.filter(is_default=True, is_active=True).first()
    if row is None:
        raise NoReferralProgramme
    return row


def active_code(user: Any) -> ReferralCode | None:
    """Return the code a user shares, or None."""
    return (
        ReferralCode.objects.filter(user=user, is_active=True).select_related("programme").first()
    )


def code_spelled(raw: str) -> str:
    """Return the one spelling of a code. Raises ReferralCodeUnusable for what can't be one."""
    try:
        return normalise_code(raw)
    except CouponCodeInvalid as exc:
        raise ReferralCodeUnusable from exc


def link_of(code: str) -> str:
    """Return the address to share: where people sign up, with the code in it."""
    return f"{conf().frontend_url.rstrip('/')}/register?{urlencode({'referral_code': code})}"


def stats_of(customer: Customer, *, user: Any) -> ReferralStats:
    """Return what came of a user's code and of the customer's referrals, in a fixed few queries."""
    code = active_code(user)
    counts, earned = _counts(customer), _earned(customer)
    programme = (
        code.programme
        if code
        else ReferralProgramme.objects.filter(is_default=True, is_active=True).first()
    )
    return ReferralStats(
        code=code,
        reward=programme.to_core().referrer if programme else None,
        total=counts["total"],
        successful=counts["successful"],
        pending=counts["pending"],
        earned=earned,
        coupons=_coupons(customer) if any(unit.startswith("discount:") for unit in earned) else (),
    )


def full_referrals() -> QuerySet[ReferralTransaction]:
    """Return referrals with everything `to_core()` needs, in three queries however many."""
    return ReferralTransaction.objects.select_related(
        "programme", "referral_code", "referrer", "referred"
    ).prefetch_related("payments", "steps")


def referral_of(customer_id: int) -> ReferralTransaction | None:
    """Return by what a customer came, unless nothing can be earned by it any more."""
    rows = ReferralTransaction.objects.filter(referred_id=customer_id)
    return rows.exclude(status__in=OVER).first()


def earlier_referral(customer: Customer, *, user: Any) -> ReferralTransaction | None:
    """Return by what a customer or his user came, whatever became of it."""
    theirs = Q(referred=customer)
    if user is not None:
        theirs |= Q(referred_user=user)
    return ReferralTransaction.objects.filter(theirs).select_related("referral_code").first()


def chain_above(customer_id: int) -> dict[str, str]:
    """Return who referred whom, from a customer upwards; a circle ends the walk."""
    found: dict[str, str] = {}
    current: int | None = customer_id
    while current is not None and str(current) not in found:
        rows = ReferralTransaction.objects.filter(referred_id=current)
        above = rows.values_list("referrer_id", flat=True).first()
        if above is not None:
            found[str(current)] = str(above)
        current = above
    return found


def count_from_ip(ip_hash: str, *, now: datetime) -> int:
    """Count the referrals of the last thirty days from one address."""
    if not ip_hash:
        return 0
    since = now - timedelta(days=30)
    return ReferralTransaction.objects.filter(ip_hash=ip_hash, created_at__gt=since).count()


def count_by_referrer(customer_id: int, *, now: datetime) -> int:
    """Count the referrals a customer has made within the last hour."""
    since = now - timedelta(hours=1)
    return ReferralTransaction.objects.filter(referrer_id=customer_id, created_at__gt=since).count()


def due_referrals(*, now: datetime) -> Iterator[int]:
    """Yield the ids of referrals that time has something for, oldest first.

    Where a customer is on hold it waits; who has a test clock is judged by it.
    """
    rows = ReferralTransaction.objects.filter(
        due_at__isnull=False, referrer__parked_at__isnull=True, referred__parked_at__isnull=True
    ).order_by("due_at", "pk")
    on_real_time = rows.filter(referred__clock_offset=timedelta(), due_at__lte=now)
    yield from list(on_real_time.values_list("pk", flat=True)[:CHUNK])
    moved = rows.exclude(referred__clock_offset=timedelta())
    for pk, due_at, offset in moved.values_list("pk", "due_at", "referred__clock_offset"):
        if due_at is not None and due_at <= now + offset:
            yield pk


def ledger_for(
    row: ReferralTransaction, referral: Referral, *, programme: Programme, at: datetime
) -> RewardLedger:
    """Return the entries that settling a referral needs, and not a popular referrer's thousands.

    Its own ones; for caps the referrer's grants; for taking back whatever is of the same units.
    """
    own = list(_entries().filter(referral=row))
    wanted = Q(referral=row)
    if _takes_back(referral):
        for entry in own:
            wanted |= Q(customer_id=entry.customer_id, unit=entry.unit)
    if programme.max_total or programme.max_per_30_days:
        mine = Q(customer_id=row.referrer_id, side=Side.REFERRER.value)
        wanted |= mine if programme.max_total else mine & Q(at__gt=at - CAP_WINDOW)
    rows = own if wanted == Q(referral=row) else _entries().filter(wanted)
    return RewardLedger(tuple(entry.to_core() for entry in rows))


def standing_grants(customer_id: int, unit: str) -> list[ReferralReward]:
    """Return what a customer was granted of a unit, oldest first."""
    rows = _entries().filter(customer_id=customer_id, unit=unit, kind=RewardEntryKind.GRANT.value)
    return list(rows)


def _takes_back(referral: Referral) -> bool:
    return any(each.state is MilestoneState.VOID or each.returned for each in referral.milestones)


def _entries() -> QuerySet[ReferralReward]:
    return ReferralReward.objects.select_related("referral").order_by("pk")


def _counts(customer: Customer) -> dict[str, int]:
    if customer._state.adding:
        return {"total": 0, "successful": 0, "pending": 0}
    return ReferralTransaction.objects.filter(referrer=customer).aggregate(
        total=Count("pk"),
        successful=Count("pk", filter=Q(status__in=SUCCESSFUL)),
        pending=Count("pk", filter=Q(status__in=WAITING)),
    )


def _earned(customer: Customer) -> dict[str, int]:
    """Sum what was given minus what was taken back; what was spent stays earned."""
    if customer._state.adding:
        return {}
    kinds = [RewardEntryKind.GRANT.value, RewardEntryKind.REVERSE.value]
    rows = ReferralReward.objects.filter(customer=customer, kind__in=kinds)
    sums = rows.order_by("unit").values("unit").annotate(total=Sum("units"))
    return {row["unit"]: row["total"] for row in sums}


def _coupons(customer: Customer) -> tuple[str, ...]:
    targets = ReferralReward.objects.filter(customer=customer, target__startswith="coupon:")
    newest = targets.order_by("-pk").values_list("target", flat=True)[:MOST_COUPONS]
    ids = [int(target.partition(":")[2]) for target in newest]
    rows = Coupon.objects.filter(pk__in=ids, is_active=True, current_uses=0).order_by("-pk")
    return tuple(rows.values_list("code", flat=True))
