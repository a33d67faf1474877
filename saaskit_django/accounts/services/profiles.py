"""Change one's own profile."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.core.files.base import ContentFile
from django.db import transaction

from saaskit_core.accounts import normalise_email
from saaskit_django.accounts import logos
from saaskit_django.accounts.models import User
from saaskit_django.accounts.services import email_changes
from saaskit_django.customers.models import Profile
from saaskit_django.customers.services import ensure_profile
from saaskit_django.identifiers import new_uuid

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from saaskit_django.accounts.services.logins import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileChange:
    """What to change; None leaves a thing as it is, and an empty `logo` takes the logo away."""

    full_name: str | None = None
    email: str | None = None
    profile: Mapping[str, str] = field(default_factory=dict)
    logo: bytes | None = None


def update_profile(*, user: User, change: ProfileChange, origin: Origin, now: datetime) -> User:
    """Write the change and return the user fresh; a new address waits for its confirmation.

    Raises EmailInvalid, TooManyAttempts, and what `logos.redraw` raises.
    """
    email = normalise_email(change.email) if change.email is not None else None
    if email is not None and email != user.email:
        email_changes.count_wish(user=user, now=now)
    picture = logos.redraw(change.logo) if change.logo else b""
    with transaction.atomic(durable=True):
        profile = ensure_profile(user=user)
        if change.full_name is not None:
            User.objects.filter(pk=user.pk).update(full_name=change.full_name, updated_at=now)
        if change.profile:
            Profile.objects.filter(pk=profile.pk).update(**change.profile, updated_at=now)
        if change.logo is not None:
            _put_logo(profile, picture=picture, now=now)
        if email is not None:
            email_changes.ask(user=user, email=email, origin=origin, now=now)
    return User.objects.select_related("saaskit_profile").get(pk=user.pk)


def _put_logo(profile: Profile, *, picture: bytes, now: datetime) -> None:
    """Store the new file before the row names it; delete the old one once that is certain."""
    storage, old = profile.logo.storage, profile.logo.name
    name = ""
    if picture:
        wanted = profile.logo.field.generate_filename(profile, f"{new_uuid().hex}.png")
        name = storage.save(wanted, ContentFile(picture))
    Profile.objects.filter(pk=profile.pk).update(logo=name, updated_at=now)
    if old:
        transaction.on_commit(lambda: storage.delete(old), robust=True)
