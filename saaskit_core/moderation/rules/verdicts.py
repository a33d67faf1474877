"""What the rules say about a submission, in full: enough to explain it and to run it again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from saaskit_core.moderation.rules.folding import Span


class Outcome(StrEnum):
    """What happens to the submission; block is stronger than hold."""

    ALLOW = "allow"
    HOLD = "hold"
    BLOCK = "block"


class Effect(StrEnum):
    """What a rule does when it matches. Those below block combine with everything."""

    ALLOW = "allow"
    HOLD = "hold"
    BLOCK = "block"
    CENSOR = "censor"
    TAG = "tag"
    LIMIT = "limit"
    FLAG = "flag"
    SILENCE = "silence"
    NOTIFY = "notify"


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """One effect with its particulars: the tag, whom to notify, how long, what to write instead."""

    effect: Effect
    value: str = ""
    lasts: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A rule that matched: which version, where in the original text, and why in words."""

    rule_id: str
    rule_version: int
    rule_type: str
    effects: tuple[Done, ...]
    spans: tuple[Span, ...]
    explanation: str
    reason_code: str
    policy_ids: tuple[str, ...] = ()

    def has(self, effect: Effect) -> bool:
        """Tell whether the rule has this effect."""
        return any(done.effect is effect for done in self.effects)


@dataclass(frozen=True, slots=True, kw_only=True)
class Censoring:
    """A stretch of the original text and the sign that each of its characters becomes."""

    start: int
    end: int
    sign: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The outcome, the rules that led to it in their order, and those that are only on trial.

    `exempt_by` is the rule that allowed it before all others. `problems` are rules that couldn't be
    run. `is_cut` says that the text was longer than rules read, which holds it.
    """

    outcome: Outcome
    hits: tuple[Hit, ...] = ()
    trials: tuple[Hit, ...] = ()
    exempt_by: str = ""
    problems: tuple[str, ...] = ()
    is_cut: bool = False

    @property
    def leading(self) -> Hit | None:
        """The first rule that led to the outcome."""
        wanted = Effect(self.outcome)
        return next((hit for hit in self.hits if hit.has(wanted)), None)

    @property
    def is_flagged(self) -> bool:
        """Whether it is to be looked at although it may be visible."""
        return any(hit.has(Effect.FLAG) for hit in self.hits)

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags, each once, in the rules' order."""
        return tuple(dict.fromkeys(done.value for done in self.done(Effect.TAG)))

    @property
    def silences_for(self) -> timedelta | None:
        """How long the author is silenced: the longest of the rules', None for not at all."""
        return _longest(self.done(Effect.SILENCE))

    @property
    def censored_spans(self) -> tuple[Censoring, ...]:
        """What is to be covered, in order and without overlap; the first rule's sign wins."""
        marks = [
            Censoring(start=span.start, end=span.end, sign=done.value)
            for hit in self.hits
            for done in hit.effects
            if done.effect is Effect.CENSOR
            for span in hit.spans
        ]
        return _without_overlap(marks)

    def done(self, effect: Effect) -> tuple[Done, ...]:
        """Return what the rules do of one effect, in their order."""
        return tuple(done for hit in self.hits for done in hit.effects if done.effect is effect)

    def censored(self, text: str) -> str:
        """Return the text with exactly the matched characters covered, of the same length."""
        pieces: list[str] = []
        at = 0
        for mark in self.censored_spans:
            pieces += [text[at : mark.start], mark.sign * len(text[mark.start : mark.end])]
            at = mark.end
        return "".join([*pieces, text[at:]])

    def explained(self) -> tuple[str, ...]:
        """Say it in words, a line per rule."""
        lines = [
            f"{hit.rule_id}@{hit.rule_version} ({hit.rule_type}): {hit.explanation}"
            for hit in self.hits
        ]
        if self.is_cut:
            lines.append("The text is longer than rules read: a person must look.")
        return tuple(lines)


def _longest(effects: Iterable[Done]) -> timedelta | None:
    return max((done.lasts for done in effects if done.lasts is not None), default=None)


def _without_overlap(marks: list[Censoring]) -> tuple[Censoring, ...]:
    """Order the marks by place; what two cover belongs to the one that begins first."""
    ordered: list[Censoring] = []
    covered = 0
    for mark in sorted(marks, key=lambda each: each.start):
        start = max(mark.start, covered)
        if start < mark.end:
            ordered.append(Censoring(start=start, end=mark.end, sign=mark.sign))
            covered = mark.end
    return tuple(ordered)
