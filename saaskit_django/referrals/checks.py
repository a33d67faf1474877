"""System checks of referrals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core import checks
from django.core.checks import CheckMessage, Tags, register

from saaskit_core.errors import SaasKitError
from saaskit_django.conf import InvalidSettings, conf
from saaskit_django.referrals.models import ReferralProgramme
from saaskit_django.referrals.services.programmes import check_features

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@register("saaskit", Tags.security, deploy=True)
def check_links(**_: Any) -> list[CheckMessage]:
    """Check that the links people share lead somewhere."""
    try:
        has_frontend = bool(conf().frontend_url)
    except InvalidSettings:
        return []
    if has_frontend:
        return []
    return [
        checks.Warning(
            "SAASKIT['FRONTEND_URL'] is empty: the links of referral codes lead nowhere.",
            hint="Set it to where people sign up, such as https://app.example.com.",
            id="saaskit.W331",
        )
    ]


@register(Tags.database)
def check_programmes(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Check, where the database may be asked, that the programmes can be carried out."""
    return list(_broken()) if databases else []


def _broken() -> Iterator[CheckMessage]:
    for row in ReferralProgramme.objects.filter(is_active=True).order_by("pk"):
        try:
            check_features(row.to_core())
        except SaasKitError as exc:
            yield checks.Error(
                f"The referral programme {row.key} can't be carried out: {exc}",
                hint="Correct it in the admin, or switch it off.",
                id="saaskit.E332",
            )
