"""Who gets what by chance that isn't one: shares and variants drawn by a hash of the identity."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.features.contexts import TARGETING_KEY
from saaskit_core.features.hashing import VARIANT_SEED, bucket

if TYPE_CHECKING:
    from saaskit_core.features.contexts import EvaluationContext
    from saaskit_core.features.documents import JSON


class InvalidRollout(SaasKitError):
    code = "invalid_rollout"
    kind = ErrorKind.INVALID
    template = "The rollout is not possible: %(problem)s."


class Scale(IntEnum):
    """In how many parts everybody is divided. Another scale is another draw."""

    PERCENT = 100
    BASIS_POINTS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One of the values to hand out. `weight` counts against the sum of all weights."""

    value: JSON
    name: str = ""
    weight: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """The first `share` of `scale` parts get one of the variants, the others nothing.

    `stickiness` names the attribute that is hashed, `group` what salts it: the feature's path
    unless two features are to reach the same people. Raising the share never takes it from anybody.
    The variants may be drawn from another attribute and with another salt. Raises InvalidRollout.
    """

    variants: tuple[Variant, ...]
    share: int = 100
    scale: Scale = Scale.PERCENT
    group: str = ""
    stickiness: str = TARGETING_KEY
    variants_group: str = ""
    variants_stickiness: str = ""

    def __post_init__(self) -> None:
        """Refuse a share outside of the scale and variants that nobody could get."""
        object.__setattr__(self, "scale", _scale(self.scale))
        object.__setattr__(self, "variants", tuple(self.variants))
        if type(self.share) is not int or not 0 <= self.share <= self.scale:
            raise InvalidRollout(problem=f"the share is a whole number from 0 to {self.scale:d}")
        weights = [variant.weight for variant in self.variants]
        if any(type(weight) is not int or weight < 0 for weight in weights) or not any(weights):
            raise InvalidRollout(problem="weights are whole numbers from 0, and one is above it")

    @property
    def is_for_everybody(self) -> bool:
        """Whether it hands the same value to whoever asks, known or not."""
        return self.share == self.scale and len(self._weighty()) == 1

    def drawn(self, context: EvaluationContext, *, path: str) -> Variant | None:
        """Return what the feature at `path` hands out, or None for who isn't in the rollout.

        Nobody is in at 0, everybody at 100 %. In between, and among several variants, an identity
        is needed: without one it is None.
        """
        if self.share < self.scale and not self._is_in(context, path):
            return None
        weighty = self._weighty()
        if len(weighty) == 1:
            return weighty[0]
        identity = context.text(self.variants_stickiness or self.stickiness)
        if not identity:
            return None
        total = sum(variant.weight for variant in weighty)
        group = self.variants_group or self.group or path
        return _at(bucket(group, identity, total, VARIANT_SEED), weighty)

    def _is_in(self, context: EvaluationContext, path: str) -> bool:
        identity = context.text(self.stickiness) if self.share else None
        return bool(identity) and (
            bucket(self.group or path, identity or "", self.scale) <= self.share
        )

    def _weighty(self) -> tuple[Variant, ...]:
        return tuple(variant for variant in self.variants if variant.weight)


def serve(value: JSON, variant: str = "") -> Rollout:
    """Return the rollout that hands one value to everybody."""
    return Rollout(variants=(Variant(value=value, name=variant),))


def _at(place: int, variants: tuple[Variant, ...]) -> Variant:
    for variant in variants[:-1]:
        if place <= variant.weight:
            return variant
        place -= variant.weight
    return variants[-1]


def _scale(value: int) -> Scale:
    try:
        return Scale(value)
    except ValueError:
        raise InvalidRollout(problem="the scale is 100 or 10000") from None
