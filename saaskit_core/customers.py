"""Who is billed and who may act: kinds of customers, roles of members and of users."""

from __future__ import annotations

from enum import StrEnum


class CustomerKind(StrEnum):
    """A person, or an organisation with members."""

    PERSONAL = "personal"
    ORGANISATION = "organisation"


class MembershipRole(StrEnum):
    """What a member may do for his organisation; the user of a personal customer is its owner."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"
    BILLING = "billing"


class Role(StrEnum):
    """What a user may do on the whole site."""

    USER = "user"
    MODERATOR = "moderator"
    ADMIN = "admin"


def may_move_money(role: MembershipRole | None) -> bool:
    """Tell whether a member of this role may pay, change the plan and read bills."""
    return role in (MembershipRole.OWNER, MembershipRole.ADMIN, MembershipRole.BILLING)
