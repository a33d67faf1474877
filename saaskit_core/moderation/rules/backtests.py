"""What a rule would have done: run over past submissions, changing nothing."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from saaskit_core.moderation.rules.judging import compile_rules
from saaskit_core.moderation.rules.readings import Reading
from saaskit_core.periods import utc

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from saaskit_core.moderation.rules.documents import Rule
    from saaskit_core.moderation.rules.facts import Submission
    from saaskit_core.moderation.rules.verdicts import Hit

MOST_EXAMPLES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class PastItem:
    """A submission as it was at an instant, and whether people let it stay."""

    id: str
    submission: Submission
    at: datetime
    was_approved: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """How often a rule matches, and how often what people approved (`against_approved`).

    `examples` are the first 100 (item id, hit).
    """

    looked_at: int
    matched: int
    against_approved: int
    examples: tuple[tuple[str, Hit], ...]
    problems: tuple[str, ...] = ()

    @property
    def share(self) -> Fraction:
        """Which part of the items matched, between 0 and 1."""
        return Fraction(self.matched, self.looked_at) if self.looked_at else Fraction(0)


def backtest(rule: Rule, items: Iterable[PastItem]) -> Backtest:
    """Run one rule over past items, whatever its window, switch, scopes and exemptions say.

    Raises NaiveDatetime for an item without a time zone.
    """
    compiled = compile_rules([rule])
    rules = (*compiled.allowing, *compiled.others)
    looked_at = matched = against = 0
    examples: list[tuple[str, Hit]] = []
    for item in items:
        looked_at += 1
        reading = Reading(item.submission, utc(item.at))
        hit = rules[0].hit(reading) if rules else None
        if hit is None:
            continue
        matched += 1
        against += item.was_approved is True
        if len(examples) < MOST_EXAMPLES:
            examples.append((item.id, hit))
    return Backtest(
        looked_at=looked_at,
        matched=matched,
        against_approved=against,
        examples=tuple(examples),
        problems=compiled.problems,
    )
