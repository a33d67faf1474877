"""The shape of a rule: a document from outside, frozen, in which an unknown key is an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeAlias

from pydantic import (
    AwareDatetime,
    BeforeValidator,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from saaskit_core.errors import SaasKitError
from saaskit_core.moderation.rules.effects import Document, EffectDocument, Word
from saaskit_core.moderation.rules.links import normal_domain

if TYPE_CHECKING:
    from datetime import datetime

MAX_RULES = 500


class InvalidRule(SaasKitError):
    code = "invalid_moderation_rule"
    template = "The rule can't be used: %(where)s: %(problem)s."


Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$", max_length=64)]
Term = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Terms = Annotated[tuple[Term, ...], Field(min_length=1, max_length=5000)]
Words = Annotated[tuple[Word, ...], Field(max_length=5000)]
Domain = Annotated[
    str,
    StringConstraints(min_length=1, max_length=253),
    BeforeValidator(lambda value: normal_domain(value[:300]) if isinstance(value, str) else value),
]
Domains = Annotated[tuple[Domain, ...], Field(max_length=5000)]
Count = Annotated[StrictInt, Field(ge=0, le=1_000_000)]
Positive = Annotated[StrictInt, Field(ge=1, le=1_000_000)]


class RuleDocument(Document):
    """What every rule has. Lower `priority` numbers speak first; `ends_at` is excluded."""

    id: Key
    version: Annotated[StrictInt, Field(ge=1, le=1_000_000)] = 1
    effects: Annotated[tuple[EffectDocument, ...], Field(min_length=1, max_length=8)]
    priority: Annotated[StrictInt, Field(ge=0, le=1000)] = 100
    enabled: StrictBool = True
    dry_run: StrictBool = False
    """Only note in the verdict what it would have done."""
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    scopes: Words = ()
    """Content types it is for; none means all."""
    exempt_scopes: Words = ()
    exempt_roles: Words = ()
    exempt_authors: Words = ()
    reason_code: Key = "rule"
    policy_ids: Annotated[tuple[Word, ...], Field(max_length=20)] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise ValueError("it ends before it starts")
        kinds = [document.effect for document in self.effects]
        if "allow" in kinds and len(kinds) > 1:
            raise ValueError("a rule that allows does nothing else")
        return self

    def is_in_force(self, now: datetime) -> bool:
        """Tell whether the rule is on at this instant."""
        if not self.enabled or (self.starts_at and now < self.starts_at):
            return False
        return not (self.ends_at and now >= self.ends_at)


class KeywordRule(RuleDocument):
    """Words and phrases, compared folded. `*` in a word stands for further letters."""

    type: Literal["keyword"]
    terms: Terms
    whole_words: StrictBool = True

    @model_validator(mode="after")
    def _check_terms(self) -> Self:
        for term in self.terms:
            if term.count("*") > 2 or not term.replace("*", "").strip():
                raise ValueError("a term has letters, and at most two wildcards")
        return self


class RegexRule(RuleDocument):
    """A regular expression; when case doesn't matter it sees the folded text, else the original.

    One that is wrong or unsafe disables the rule, and the verdicts say so.
    """

    type: Literal["regex"]
    pattern: Annotated[str, StringConstraints(min_length=1, max_length=10_000)]
    ignore_case: StrictBool = True


class VariantRule(RuleDocument):
    """Words however they are spelled: with digits for letters, drawn out, taken apart by signs."""

    type: Literal["variant"]
    terms: Terms
    whole_words: StrictBool = True
    with_separators: StrictBool = True

    @model_validator(mode="after")
    def _check_terms(self) -> Self:
        if any(sum(map(str.isalpha, term)) < 2 for term in self.terms):
            raise ValueError("a term has two letters at least")
        return self


class LinkRule(RuleDocument):
    """More links than `most`, links to blocked domains, or to others than those allowed.

    A domain stands for all below it. Links to allowed domains are never counted.
    """

    type: Literal["links"]
    most: Count | None = None
    blocked: Domains = ()
    allowed: Domains = ()
    only_allowed: StrictBool = False

    @model_validator(mode="after")
    def _check_links(self) -> Self:
        if self.most is None and not self.blocked and not self.only_allowed:
            raise ValueError("give most, blocked or only_allowed")
        return self


class MentionRule(RuleDocument):
    """More than `most` different people mentioned (@name)."""

    type: Literal["mentions"]
    most: Count


class RepetitionRule(RuleDocument):
    """The same character, word or line again and again within one text."""

    type: Literal["repetition"]
    characters: Annotated[StrictInt, Field(ge=3, le=1000)] | None = None
    """So many of the same character in a row."""
    words: Annotated[StrictInt, Field(ge=2, le=1000)] | None = None
    """So many of the same word in a row."""
    lines: Annotated[StrictInt, Field(ge=2, le=1000)] | None = None
    """So many equal lines anywhere."""

    @model_validator(mode="after")
    def _check_repetition(self) -> Self:
        if self.characters is None and self.words is None and self.lines is None:
            raise ValueError("give characters, words or lines")
        return self


class DuplicateRule(RuleDocument):
    """A text that resembles earlier ones of the author by so many percent of its pairs of words."""

    type: Literal["duplicate"]
    percent: Annotated[StrictInt, Field(ge=1, le=100)] = 80
    times: Positive = 1
    least_words: Positive = 5


class RateRule(RuleDocument):
    """`most` posts of the author within so many minutes already."""

    type: Literal["rate"]
    most: Positive
    minutes: Annotated[StrictInt, Field(ge=1, le=525_600)]


class _NewcomerRule(RuleDocument):
    younger_than_hours: Positive | None = None
    first_posts: Positive | None = None
    """He has fewer approved posts than this."""


class AuthorRule(_NewcomerRule):
    """Who the author is: a young account (an unknown age counts as young), few posts, no repute."""

    type: Literal["author"]
    reputation_below: Annotated[StrictInt, Field(ge=-1_000_000, le=1_000_000)] | None = None
    match: Literal["any", "all"] = "any"

    @model_validator(mode="after")
    def _check_author(self) -> Self:
        if (self.younger_than_hours, self.first_posts, self.reputation_below) == (None, None, None):
            raise ValueError("give younger_than_hours, first_posts or reputation_below")
        return self


class NewcomerMediaRule(_NewcomerRule):
    """Links or attachments of an author who is new by either measure."""

    type: Literal["newcomer_media"]
    links: StrictBool = True
    attachments: StrictBool = True

    @model_validator(mode="after")
    def _check_newcomer(self) -> Self:
        if self.younger_than_hours is None and self.first_posts is None:
            raise ValueError("give younger_than_hours or first_posts")
        if not self.links and not self.attachments:
            raise ValueError("it looks at links, attachments or both")
        return self


class TypingRule(RuleDocument):
    """Typed faster than people type, for the author's first posts or always."""

    type: Literal["typing"]
    faster_than_seconds: Annotated[StrictInt, Field(ge=1, le=3600)]
    first_posts: Positive | None = None


class ReportRule(RuleDocument):
    """Readers' reports weigh so much: one for each newcomer, up to two for who mostly was right."""

    type: Literal["reports"]
    threshold: Positive


class PersonalRule(RuleDocument):
    """Personal data: e-mail addresses, payment card numbers."""

    type: Literal["personal"]
    kinds: Annotated[tuple[Literal["email", "card"], ...], Field(min_length=1, max_length=2)] = (
        "email",
        "card",
    )


class LanguageRule(RuleDocument):
    """A language other than those allowed; "en" allows "en-GB"."""

    type: Literal["language"]
    allowed: Annotated[tuple[Word, ...], Field(min_length=1, max_length=200)]
    unknown: StrictBool = False
    """Match as well when the language isn't known."""


class AttachmentRule(RuleDocument):
    """Files of a blocked type ("image/*") or of none allowed, known by hash, many or large."""

    type: Literal["attachment"]
    blocked_types: Annotated[tuple[Word, ...], Field(max_length=200)] = ()
    allowed_types: Annotated[tuple[Word, ...], Field(max_length=200)] = ()
    blocked_hashes: Annotated[tuple[Word, ...], Field(max_length=100_000)] = ()
    most: Count | None = None
    largest_bytes: Annotated[StrictInt, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _check_attachment(self) -> Self:
        lists = (self.blocked_types, self.allowed_types, self.blocked_hashes)
        if not any(lists) and self.most is None and self.largest_bytes is None:
            raise ValueError("give types, hashes, most or largest_bytes")
        return self


class CategoryRule(RuleDocument):
    """Categories in which everything is looked at."""

    type: Literal["category"]
    categories: Annotated[tuple[Word, ...], Field(min_length=1, max_length=1000)]


class ScoreRule(RuleDocument):
    """An external classifier's score of at least so much; none is no match, unless `missing`."""

    type: Literal["score"]
    classifier: Word
    at_least: Annotated[float, Field(allow_inf_nan=False)]
    missing: StrictBool = False


Rule: TypeAlias = (
    KeywordRule
    | RegexRule
    | VariantRule
    | LinkRule
    | MentionRule
    | RepetitionRule
    | DuplicateRule
    | RateRule
    | AuthorRule
    | NewcomerMediaRule
    | TypingRule
    | ReportRule
    | PersonalRule
    | LanguageRule
    | AttachmentRule
    | CategoryRule
    | ScoreRule
)

_ADAPTER: TypeAdapter[Rule] = TypeAdapter(Annotated[Rule, Field(discriminator="type")])


def parse_rule(document: Any) -> Rule:
    """Read one rule from JSON values. Raises InvalidRule with a pointer to what is wrong."""
    try:
        return _ADAPTER.validate_python(document)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False, include_context=False)[0]
        path = [str(part)[:64] for part in first["loc"]]
        pointer = "".join(f"/{part}" for part in path)
        problem = f"{first['msg']}".rstrip(".")[:300]
        raise InvalidRule(where=pointer or "/", problem=problem, pointer=pointer) from None
    except RecursionError:
        raise InvalidRule(where="/", problem="it is nested too deep") from None


def parse_rules(documents: list[Any]) -> tuple[Rule, ...]:
    """Read several rules. Raises InvalidRule, also for too many and for one id twice."""
    if len(documents) > MAX_RULES:
        raise InvalidRule(where="/", problem=f"a site has at most {MAX_RULES} rules")
    rules = tuple(map(parse_rule, documents))
    ids = [rule.id for rule in rules]
    twice = next((each for each in ids if ids.count(each) > 1), None)
    if twice is not None:
        raise InvalidRule(where="/id", problem=f"two rules are called {twice}", pointer="/id")
    return rules
