"""What a site settles about moderation: deadlines, windows, what is shown meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

from saaskit_core.errors import SaasKitError
from saaskit_core.moderation.states import Remoderation
from saaskit_core.periods import zone


class InvalidModerationPolicy(SaasKitError):
    code = "invalid_moderation_policy"
    template = "The moderation policy is not possible: %(name)s is %(least)s to %(most)s."


@dataclass(frozen=True, slots=True, kw_only=True)
class ModerationPolicy:
    """The site's choices, with defaults.

    `appeal_months` is six in the European Union at least (Regulation 2022/2065, Art. 20(1)); its
    days are those of `tz`. `answer_days` is when an unanswered appeal is flagged.
    """

    remoderation: Remoderation = Remoderation.HIDE
    is_post_moderated: bool = False
    changes_days: int = 14
    retention_days: int = 90
    flag_threshold: int = 3
    lease_minutes: int = 15
    appeal_months: int = 6
    answer_days: int = 14
    allow_same_reviewer: bool = False
    tz: str = "UTC"

    def __post_init__(self) -> None:
        """Refuse what no site could mean, and an unknown time zone."""
        for name, (least, most) in _BOUNDS.items():
            value = getattr(self, name)
            if type(value) is not int or not least <= value <= most:
                raise InvalidModerationPolicy(name=name, least=least, most=most)
        zone(self.tz)


_BOUNDS = {
    "changes_days": (1, 365),
    "retention_days": (0, 3650),
    "flag_threshold": (1, 1000),
    "lease_minutes": (1, 1440),
    "appeal_months": (1, 120),
    "answer_days": (1, 365),
}

DEFAULT_POLICY = ModerationPolicy()
