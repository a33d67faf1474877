"""What a feature is: its path, its type, its default and how several grants of it combine."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING

from saaskit_core.choices import read_choices
from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.features.documents import JSON, leaves, nested
from saaskit_core.features.prerequisites import unresolvable
from saaskit_core.features.resolution import Reason, Resolution
from saaskit_core.features.values import (
    NUMBERS,
    UNLIMITED,
    UNLIMITED_WORD,
    FeatureType,
    allowed_values,
    normalised,
    spelled,
)

if TYPE_CHECKING:
    from saaskit_core.features.resolution import Metadata
    from saaskit_core.features.rollouts import Rollout
    from saaskit_core.features.targeting import Prerequisite, TargetingRule

_PATH = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){0,5}")
_MAX_PATH = 128


class Merge(StrEnum):
    """How grants of several plans combine: the most generous counts, or numbers add up."""

    MOST = "most"
    SUM = "sum"


class InvalidFeatureDefinition(SaasKitError):
    code = "invalid_feature_definition"
    template = "The feature %(path)s can't be defined: %(problem)s."


class UnknownFeature(SaasKitError):
    code = "unknown_feature"
    template = "There is no feature %(path)s%(hint)s"


class FeatureValueInvalid(SaasKitError):
    code = "feature_value_invalid"
    kind = ErrorKind.INVALID
    template = "The feature %(path)s can't be %(value)s: it is %(allowed)s."


def _is_path(path: object) -> bool:
    return isinstance(path, str) and len(path) <= _MAX_PATH and bool(_PATH.fullmatch(path))


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureDefinition:
    """A feature that plans and overrides may set. `choices` of an enum are ranked, the least first.

    `default` counts where no plan says anything. A feature that isn't enabled answers with the
    caller's own default, whatever plans grant.

    `requires` are features that must hold, or this one is off whatever else says. `rules` are asked
    in their order before plans are; `rollout` hands out values where no plan says anything.
    """

    path: str
    type: FeatureType
    default: JSON
    merge: Merge = Merge.MOST
    choices: tuple[str, ...] = ()
    description: str = ""
    is_enabled: bool = True
    rules: tuple[TargetingRule, ...] = ()
    rollout: Rollout | None = None
    requires: tuple[Prerequisite, ...] = ()
    _unmentioned: tuple[Resolution[JSON], ...] = field(
        default=(), init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        """Bring the default into its canonical form; refuse what can't be."""
        read_choices(self, {"type": FeatureType, "merge": Merge}, refused=self._refused)
        if not _is_path(self.path):
            problem = "a path is dotted words of a-z, 0-9 and _"
            raise self._refused(problem)
        if (self.type is FeatureType.ENUM) != bool(self.choices):
            raise InvalidFeatureDefinition(
                path=self.path, problem="an enum, and only it, has choices"
            )
        if self.merge is Merge.SUM and self.type not in NUMBERS:
            raise InvalidFeatureDefinition(path=self.path, problem="only numbers can be summed")
        object.__setattr__(self, "default", self.normalise(self.default))
        object.__setattr__(self, "requires", tuple(self.requires))
        rules = tuple(
            replace(rule, serves=self._normalised(rule.serves)) for rule in tuple(self.rules)
        )
        object.__setattr__(self, "rules", rules)
        if self.rollout is not None:
            object.__setattr__(self, "rollout", self._normalised(self.rollout))
        answers = (
            self.answer(self.default, Reason.DEFAULT, {"rule_type": "default"}),
            self.answer(self.default, Reason.STATIC, {"rule_type": "static"}),
        )
        object.__setattr__(self, "_unmentioned", answers)

    def _refused(self, problem: str) -> InvalidFeatureDefinition:
        return InvalidFeatureDefinition(path=str(self.path)[:_MAX_PATH], problem=problem)

    def normalise(self, value: JSON) -> JSON:
        """Return the value in the form its type is kept in. Raises FeatureValueInvalid.

        A flag may be written 0 or 1, or as an object with `enabled`; a float may be written as an
        int.
        """
        try:
            return normalised(self.type, value, choices=self.choices)
        except ValueError:
            raise FeatureValueInvalid(
                path=self.path, value=spelled(value), allowed=self.allowed
            ) from None

    def answer(
        self, value: JSON, reason: Reason, metadata: Metadata, variant: str = ""
    ) -> Resolution[JSON]:
        """Return a value, kept in its type's form, as an answer with the variant the type has."""
        name: str | None = variant or None
        if self.type is FeatureType.BOOL:
            name = variant or ("on" if value else "off")
        elif self.type is FeatureType.ENUM:
            name = variant or str(value)
        elif self.type is FeatureType.LIMIT and value == UNLIMITED:
            metadata = {**metadata, "unlimited": True}
        return Resolution(value, reason, variant=name, flag_metadata=metadata)

    def unmentioned(self, *, is_static: bool) -> Resolution[JSON]:
        """Return the answer when nobody says anything; static when nobody could have."""
        return self._unmentioned[is_static]

    @property
    def is_plain(self) -> bool:
        """Whether only plans and overrides may say something about it."""
        return self.is_enabled and not (self.rules or self.rollout or self.requires)

    @property
    def off(self) -> JSON:
        """What it is when something that it requires doesn't hold: the least there is."""
        match self.type:
            case FeatureType.BOOL:
                return False
            case FeatureType.LIMIT:
                return 0
            case FeatureType.ENUM:
                return self.choices[0]
            case _:
                return self.default

    @property
    def allowed(self) -> str:
        """What a value may be, in words."""
        return allowed_values(self.type, choices=self.choices)

    def _normalised(self, rollout: Rollout) -> Rollout:
        variants = tuple(
            replace(variant, value=self.normalise(variant.value)) for variant in rollout.variants
        )
        return replace(rollout, variants=variants)


Definitions = Mapping[str, FeatureDefinition]
"""Definitions by path."""


def define(definitions: Iterable[FeatureDefinition]) -> Definitions:
    """Return the definitions by path. Raises InvalidFeatureDefinition for two that collide.

    A path may not lie below another one: the object there belongs to one of them only. What a
    feature requires must be defined, and may not require the feature itself in turn.
    """
    known: dict[str, FeatureDefinition] = {}
    for definition in definitions:
        if definition.path in known:
            raise InvalidFeatureDefinition(path=definition.path, problem="it is defined twice")
        known[definition.path] = definition
    for path in known:
        parents = path.split(".")
        for length in range(1, len(parents)):
            if ".".join(parents[:length]) in known:
                raise InvalidFeatureDefinition(path=path, problem="it lies below another feature")
    _check_prerequisites(known)
    return known


def _check_prerequisites(definitions: Definitions) -> None:
    for path, definition in definitions.items():
        for prerequisite in definition.requires:
            if prerequisite.path not in definitions:
                problem = f"it requires {prerequisite.path}, which isn't defined"
                raise InvalidFeatureDefinition(path=path, problem=problem)
    requires = {path: definition.requires for path, definition in definitions.items()}
    for path, problem in unresolvable(requires).items():
        raise InvalidFeatureDefinition(path=path, problem=problem)


def problems(document: Mapping[str, JSON], definitions: Definitions) -> list[SaasKitError]:
    """Return everything that is wrong with a feature document, each naming the path."""
    found: list[SaasKitError] = []
    seen: set[str] = set()
    for path, value in leaves(document, definitions):
        if path in seen:
            found.append(FeatureValueInvalid(path=path, value="set twice", allowed="set once"))
        seen.add(path)
        problem = _problem(path, value, definitions)
        if problem:
            found.append(problem)
    return found


def validated(document: Mapping[str, JSON], definitions: Definitions) -> dict[str, JSON]:
    """Return the document in canonical form: nested, every value normalised.

    Raises the first of its problems: UnknownFeature or FeatureValueInvalid.
    """
    for problem in problems(document, definitions):
        raise problem
    return nested(
        {
            path: _canonical(definitions[path], value)
            for path, value in leaves(document, definitions)
        }
    )


def unknown_feature(path: str, definitions: Definitions) -> UnknownFeature:
    """Return the error for a path nobody defined, naming the closest one that exists."""
    close = get_close_matches(path, definitions, n=1)
    return UnknownFeature(
        path=path[:_MAX_PATH], hint=f"; did you mean {close[0]}?" if close else "."
    )


def _canonical(definition: FeatureDefinition, value: JSON) -> JSON:
    """Keep what stands beside `enabled` in a flag written as an object, and the word unlimited."""
    if definition.type is FeatureType.BOOL and isinstance(value, dict):
        return value
    kept = definition.normalise(value)
    is_endless = definition.type is FeatureType.LIMIT and kept == UNLIMITED
    return UNLIMITED_WORD if is_endless else kept


def _problem(path: str, value: JSON, definitions: Definitions) -> SaasKitError | None:
    definition = definitions.get(path)
    if definition is None:
        return unknown_feature(path, definitions)
    try:
        definition.normalise(value)
    except FeatureValueInvalid as problem:
        return problem
    return None
