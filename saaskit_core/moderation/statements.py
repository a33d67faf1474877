"""Statements of reasons (Regulation 2022/2065, Art. 17), for the DSA transparency database.

The names of the fields are those of its API; nothing is sent from here. A statement holds no
personal data (Art. 24(5)): that is for its author to see to.
"""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_serializer,
    model_validator,
)

from saaskit_core.errors import SaasKitError
from saaskit_core.moderation.statement_words import (
    KEYWORD_OTHER,
    TERRITORIES,
    AccountType,
    AutomatedDecision,
    DecisionAccount,
    DecisionGround,
    DecisionMonetary,
    DecisionProvision,
    DecisionVisibility,
    SourceType,
    StatementCategory,
    StatementContentType,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BATCH_SIZE = 100
"""What the database takes in one call."""


class InvalidStatement(SaasKitError):
    code = "invalid_statement_of_reasons"
    template = "The statement of reasons can't be used: %(where)s: %(problem)s."


Short = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Long = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Facts = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5000)]
Puid = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,500}$", max_length=500)]
Keyword = Annotated[str, StringConstraints(pattern=r"^KEYWORD_[A-Z0-9_]{1,100}$", max_length=120)]
Language = Annotated[str, StringConstraints(to_upper=True, pattern=r"^[A-Za-z]{2}$")]
Url = Annotated[str, StringConstraints(pattern=r"^https?://\S+$", max_length=500)]
YesNo = Literal["Yes", "No"]


class StatementOfReasons(BaseModel):
    """One statement. What a condition excludes is refused, never silently dropped."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    puid: Puid
    decision_visibility: Annotated[tuple[DecisionVisibility, ...], Field(max_length=7)] = ()
    decision_visibility_other: Short | None = None
    decision_monetary: DecisionMonetary | None = None
    decision_monetary_other: Short | None = None
    decision_provision: DecisionProvision | None = None
    decision_account: DecisionAccount | None = None
    account_type: AccountType | None = None
    decision_ground: DecisionGround
    decision_ground_reference_url: Url | None = None
    illegal_content_legal_ground: Short | None = None
    illegal_content_explanation: Long | None = None
    incompatible_content_ground: Short | None = None
    incompatible_content_explanation: Long | None = None
    incompatible_content_illegal: YesNo | None = None
    content_type: Annotated[tuple[StatementContentType, ...], Field(min_length=1, max_length=8)]
    content_type_other: Short | None = None
    category: StatementCategory
    category_addition: Annotated[tuple[StatementCategory, ...], Field(max_length=15)] = ()
    category_specification: Annotated[tuple[Keyword, ...], Field(max_length=100)] = ()
    category_specification_other: Short | None = None
    decision_facts: Facts
    content_date: date
    application_date: date
    end_date_visibility_restriction: date | None = None
    end_date_monetary_restriction: date | None = None
    end_date_service_restriction: date | None = None
    end_date_account_restriction: date | None = None
    territorial_scope: Annotated[tuple[str, ...], Field(max_length=30)] = ()
    content_language: Language | None = None
    source_type: SourceType
    source_identity: Short | None = None
    automated_detection: YesNo
    automated_decision: AutomatedDecision

    @model_validator(mode="after")
    def _check(self) -> Self:
        problems = [*_decision_problems(self), *_ground_problems(self), *_other_problems(self)]
        problems += _date_problems(self)
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @field_serializer("territorial_scope", "category_specification")
    def _sorted(self, names: tuple[str, ...]) -> list[str]:
        return sorted(set(names))

    def as_json(self) -> dict[str, Any]:
        """Return the fields as the database's API takes them; what isn't set is left out."""
        values = self.model_dump(mode="json", exclude_none=True)
        return {name: value for name, value in values.items() if value != []}


def parse_statement(document: Any) -> StatementOfReasons:
    """Read a statement from JSON values. Raises InvalidStatement."""
    try:
        return StatementOfReasons.model_validate(document)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False, include_context=False)[0]
        pointer = "".join(f"/{str(part)[:64]}" for part in first["loc"])
        raise InvalidStatement(
            where=pointer or "/", problem=first["msg"].rstrip(".")[:500], pointer=pointer
        ) from None


def export_batches(statements: Iterable[StatementOfReasons]) -> Iterator[str]:
    """Yield JSON bodies of at most 100 statements. A PUID given twice raises InvalidStatement."""
    batch: list[dict[str, Any]] = []
    seen: set[str] = set()
    for statement in statements:
        if statement.puid in seen:
            raise InvalidStatement(where="/puid", problem=f"{statement.puid} is given twice")
        seen.add(statement.puid)
        batch.append(statement.as_json())
        if len(batch) == BATCH_SIZE:
            yield _body(batch)
            batch = []
    if batch:
        yield _body(batch)


def _body(batch: list[dict[str, Any]]) -> str:
    return json.dumps({"statements": batch}, ensure_ascii=False, sort_keys=True)


def _decision_problems(statement: StatementOfReasons) -> Iterator[str]:
    decisions = (
        statement.decision_visibility,
        statement.decision_monetary,
        statement.decision_provision,
        statement.decision_account,
    )
    if not any(decisions):
        yield "give decision_visibility, _monetary, _provision or _account"
    yield from _only_if(
        DecisionVisibility.OTHER in statement.decision_visibility,
        statement,
        ("decision_visibility_other",),
    )
    yield from _only_if(
        statement.decision_monetary is DecisionMonetary.OTHER,
        statement,
        ("decision_monetary_other",),
    )


def _ground_problems(statement: StatementOfReasons) -> Iterator[str]:
    is_illegal = statement.decision_ground is DecisionGround.ILLEGAL_CONTENT
    yield from _only_if(
        is_illegal, statement, ("illegal_content_legal_ground", "illegal_content_explanation")
    )
    yield from _only_if(
        not is_illegal,
        statement,
        ("incompatible_content_ground", "incompatible_content_explanation"),
    )
    if is_illegal and statement.incompatible_content_illegal is not None:
        yield "incompatible_content_illegal is for incompatible content only"


def _other_problems(statement: StatementOfReasons) -> Iterator[str]:
    yield from _only_if(
        StatementContentType.OTHER in statement.content_type, statement, ("content_type_other",)
    )
    has_other = KEYWORD_OTHER in statement.category_specification
    if statement.category_specification_other is not None and not has_other:
        yield f"category_specification_other is for {KEYWORD_OTHER} only"
    if statement.category in statement.category_addition:
        yield "category_addition repeats category"
    is_voluntary = statement.source_type is SourceType.VOLUNTARY
    if is_voluntary and statement.source_identity is not None:
        yield "source_identity is not for the platform's own initiative"
    unknown = next((each for each in statement.territorial_scope if each not in TERRITORIES), None)
    if unknown is not None:
        yield f"territorial_scope: {unknown[:8]} is no country of the EU or EEA"


def _date_problems(statement: StatementOfReasons) -> Iterator[str]:
    if statement.content_date < date(2000, 1, 1):
        yield "content_date is not before 2000-01-01"
    if statement.application_date < date(2020, 1, 1):
        yield "application_date is not before 2020-01-01"
    for name, decision in (
        ("visibility", statement.decision_visibility),
        ("monetary", statement.decision_monetary),
        ("service", statement.decision_provision),
        ("account", statement.decision_account),
    ):
        ends: date | None = getattr(statement, f"end_date_{name}_restriction")
        if ends is not None and not decision:
            yield f"end_date_{name}_restriction has no such restriction"
        if ends is not None and ends < statement.application_date:
            yield f"end_date_{name}_restriction is before application_date"


def _only_if(
    is_meant: object, statement: StatementOfReasons, names: tuple[str, ...]
) -> Iterator[str]:
    for name in names:
        is_given = getattr(statement, name) is not None
        if is_meant and not is_given:
            yield f"{name} is required here"
        if is_given and not is_meant:
            yield f"{name} is not for this decision"
