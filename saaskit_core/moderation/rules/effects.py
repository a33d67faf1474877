"""What a rule does when it matches, as its document says it."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    StringConstraints,
)

from saaskit_core.moderation.rules.verdicts import Done, Effect

Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


def _as_object(value: object) -> object:
    """Let {"effect": "hold"} be written "hold"."""
    return {"effect": value} if isinstance(value, str) else value


class Document(BaseModel):
    """A part of a rule: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class PlainEffect(Document):
    """Let through before all other rules, hold for a moderator, block, or flag what is visible."""

    effect: Literal["allow", "hold", "block", "flag"]

    def done(self) -> Done:
        """Return it as verdicts carry it."""
        return Done(effect=Effect(self.effect))


class CensorEffect(Document):
    """Cover each matched character with a sign."""

    effect: Literal["censor"]
    sign: Annotated[str, StringConstraints(min_length=1, max_length=1)] = "*"

    def done(self) -> Done:
        """Return it as verdicts carry it."""
        return Done(effect=Effect.CENSOR, value=self.sign)


class NamedEffect(Document):
    """Tag the content, or notify somebody."""

    effect: Literal["tag", "notify"]
    value: Word

    def done(self) -> Done:
        """Return it as verdicts carry it."""
        return Done(effect=Effect(self.effect), value=self.value)


class LastingEffect(Document):
    """Limit the content's reach, or silence its author, for a number of hours."""

    effect: Literal["limit", "silence"]
    hours: Annotated[StrictInt, Field(ge=1, le=87_600)]

    def done(self) -> Done:
        """Return it as verdicts carry it."""
        return Done(effect=Effect(self.effect), lasts=timedelta(hours=self.hours))


EffectDocument: TypeAlias = Annotated[
    Annotated[
        PlainEffect | CensorEffect | NamedEffect | LastingEffect, Field(discriminator="effect")
    ],
    BeforeValidator(_as_object),
]
