"""Rules, compiled once and asked often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from saaskit_core.moderation.rules import documents, matching_facts, matching_text
from saaskit_core.moderation.rules.patterns import UnsafePattern
from saaskit_core.moderation.rules.readings import Match, Reading
from saaskit_core.moderation.rules.verdicts import Effect, Hit, Outcome, Verdict
from saaskit_core.periods import utc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from saaskit_core.moderation.rules.facts import Submission

_MATCHERS: dict[
    type[documents.RuleDocument], Callable[[Any], Callable[[Reading], Match | None]]
] = {
    documents.KeywordRule: matching_text.keyword,
    documents.RegexRule: matching_text.regex,
    documents.VariantRule: matching_text.variant,
    documents.LinkRule: matching_text.links,
    documents.MentionRule: matching_text.mentions,
    documents.RepetitionRule: matching_text.repetition,
    documents.DuplicateRule: matching_text.duplicate,
    documents.PersonalRule: matching_text.personal,
    documents.RateRule: matching_facts.rate,
    documents.AuthorRule: matching_facts.author,
    documents.NewcomerMediaRule: matching_facts.newcomer_media,
    documents.TypingRule: matching_facts.typing,
    documents.ReportRule: matching_facts.reports,
    documents.LanguageRule: matching_facts.language,
    documents.AttachmentRule: matching_facts.attachment,
    documents.CategoryRule: matching_facts.category,
    documents.ScoreRule: matching_facts.score,
}

RULE_TYPES = tuple(get_args(kind.model_fields["type"].annotation)[0] for kind in _MATCHERS)
"""The names of the rule types."""


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule with what finds its matches."""

    document: documents.Rule
    find: Callable[[Reading], Match | None]

    def hit(self, reading: Reading) -> Hit | None:
        """Return what the rule says about the submission, None when it doesn't match."""
        match = self.find(reading)
        if match is None:
            return None
        document = self.document
        return Hit(
            rule_id=document.id,
            rule_version=document.version,
            rule_type=document.type,
            effects=tuple(effect.done() for effect in document.effects),
            spans=match.spans,
            explanation=match.explanation,
            reason_code=document.reason_code,
            policy_ids=document.policy_ids,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """Compiled rules in their order, and the problems of those that had to be left out."""

    allowing: tuple[CompiledRule, ...]
    others: tuple[CompiledRule, ...]
    problems: tuple[str, ...] = ()

    def judge(self, submission: Submission, *, now: datetime) -> Verdict:
        """Ask all rules. Never raises for what a submission holds; NaiveDatetime for `now`.

        A rule that allows is asked first and settles it alone. Otherwise block is stronger than
        hold, and all that match are in the verdict.
        """
        reading = Reading(submission, utc(now))
        allowed, allowing_trials = _asked(self.allowing, reading, is_first_enough=True)
        if allowed:
            return Verdict(
                outcome=Outcome.ALLOW,
                hits=allowed,
                trials=allowing_trials,
                exempt_by=allowed[0].rule_id,
                problems=self.problems,
            )
        hits, trials = _asked(self.others, reading)
        return Verdict(
            outcome=_outcome(hits, is_cut=reading.is_cut),
            hits=hits,
            trials=(*allowing_trials, *trials),
            problems=self.problems,
            is_cut=reading.is_cut,
        )


def compile_rules(rules: Iterable[documents.Rule]) -> RuleSet:
    """Compile rules, the lowest priority number first, then by id.

    A regex that is wrong or unsafe disables its rule, and the `problems` of the set and of every
    verdict say so.
    """
    compiled: list[CompiledRule] = []
    problems: list[str] = []
    for rule in sorted(rules, key=lambda each: (each.priority, each.id)):
        try:
            compiled.append(CompiledRule(rule, _MATCHERS[type(rule)](rule)))
        except UnsafePattern as exc:
            problems.append(f"{rule.id}@{rule.version} is off: {exc}")
    return RuleSet(
        allowing=tuple(rule for rule in compiled if _allows(rule)),
        others=tuple(rule for rule in compiled if not _allows(rule)),
        problems=tuple(problems),
    )


def _asked(
    rules: Iterable[CompiledRule], reading: Reading, *, is_first_enough: bool = False
) -> tuple[tuple[Hit, ...], tuple[Hit, ...]]:
    """Return the hits of the rules that count and of those on trial."""
    hits: list[Hit] = []
    trials: list[Hit] = []
    for rule in _concerned(rules, reading):
        hit = rule.hit(reading)
        if hit is None:
            continue
        (trials if rule.document.dry_run else hits).append(hit)
        if hits and is_first_enough:
            break
    return tuple(hits), tuple(trials)


def _concerned(rules: Iterable[CompiledRule], reading: Reading) -> Iterator[CompiledRule]:
    submission, now = reading.submission, reading.now
    author, scope = submission.author, submission.scope
    for rule in rules:
        document = rule.document
        if (
            document.is_in_force(now)
            and (not document.scopes or scope in document.scopes)
            and scope not in document.exempt_scopes
            and author.role not in document.exempt_roles
            and author.id not in document.exempt_authors
        ):
            yield rule


def _outcome(hits: Iterable[Hit], *, is_cut: bool) -> Outcome:
    effects = {done.effect for hit in hits for done in hit.effects}
    if Effect.BLOCK in effects:
        return Outcome.BLOCK
    return Outcome.HOLD if Effect.HOLD in effects or is_cut else Outcome.ALLOW


def _allows(rule: CompiledRule) -> bool:
    return any(effect.effect == "allow" for effect in rule.document.effects)
