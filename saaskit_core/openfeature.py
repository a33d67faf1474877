"""SaaSKit as a provider of OpenFeature (https://openfeature.dev): the extra `saaskit[openfeature]`.

    api.set_provider(SaasKitProvider(features))
    api.get_client().get_boolean_details("export_formats.csv", False)

The types are checked here and strictly: a flag is no number, and a whole number is no float.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias, TypeVar, cast

from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagResolutionDetails, Reason
from openfeature.provider import AbstractProvider, Metadata

from saaskit_core.features import EvaluationContext as OwnContext
from saaskit_core.features import FeatureSet, Resolution

if TYPE_CHECKING:
    from openfeature.evaluation_context import EvaluationContext
    from openfeature.flag_evaluation import FlagValueType

    from saaskit_core.features.contexts import Attribute

T = TypeVar("T")
_Document: TypeAlias = "Sequence[FlagValueType] | Mapping[str, FlagValueType]"
Finder = Callable[[OwnContext], FeatureSet | None]
"""Finds the features of whom the context names; None when it names nobody."""

_REASONS = {reason.value: reason for reason in Reason}
_ERRORS = {code.value: code for code in ErrorCode}


class SaasKitProvider(AbstractProvider):
    """Answers flags from a FeatureSet, or from the one that a function finds for the context.

    A function must check that whoever asks may see what the targeting key names.
    """

    def __init__(self, features: FeatureSet | Finder) -> None:
        """Take one set for everybody, or the function that finds one."""
        super().__init__()
        self._features = features

    def get_metadata(self) -> Metadata:
        """Return the provider's name."""
        return Metadata(name="SaaSKit")

    def resolve_boolean_details(
        self,
        flag_key: str,
        default_value: bool,  # noqa: FBT001
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[bool]:
        """Resolve a flag."""
        found = self._found(default_value, evaluation_context)
        if isinstance(found, FlagResolutionDetails):
            return found
        resolution = found.boolean(flag_key, default_value)
        return _details(resolution, resolution.value)

    def resolve_string_details(
        self,
        flag_key: str,
        default_value: str,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[str]:
        """Resolve a text or an enum."""
        found = self._found(default_value, evaluation_context)
        if isinstance(found, FlagResolutionDetails):
            return found
        resolution = found.string(flag_key, default_value)
        return _details(resolution, resolution.value)

    def resolve_integer_details(
        self,
        flag_key: str,
        default_value: int,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[int]:
        """Resolve a whole number; an unlimited limit is 2**53 - 1 with the metadata `unlimited`."""
        found = self._found(default_value, evaluation_context)
        if isinstance(found, FlagResolutionDetails):
            return found
        resolution = found.integer(flag_key, default_value)
        return _details(resolution, resolution.value)

    def resolve_float_details(
        self,
        flag_key: str,
        default_value: float,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[float]:
        """Resolve a float."""
        found = self._found(default_value, evaluation_context)
        if isinstance(found, FlagResolutionDetails):
            return found
        resolution = found.number(flag_key, default_value)
        return _details(resolution, resolution.value)

    def resolve_object_details(
        self,
        flag_key: str,
        default_value: _Document,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[_Document]:
        """Resolve an object or a list; a prefix of paths answers with all that lies below it."""
        found = self._found(default_value, evaluation_context)
        if isinstance(found, FlagResolutionDetails):
            return found
        resolution = found.object(flag_key, None)
        is_found = resolution.error_code is None and isinstance(resolution.value, dict | list)
        value = cast("_Document", resolution.value) if is_found else default_value
        return _details(resolution, value)

    def _found(
        self, default: T, context: EvaluationContext | None
    ) -> FeatureSet | FlagResolutionDetails[T]:
        """Return the features for the context, or what to answer when there are none."""
        if isinstance(self._features, FeatureSet):
            features = self._features
            return features.for_context(_own(context)) if features.conditional else features
        own = _own(context)
        found = self._features(own)
        if found is not None:
            return found.for_context(own)
        code = ErrorCode.INVALID_CONTEXT if own.targeting_key else ErrorCode.TARGETING_KEY_MISSING
        message = "the context names nobody whose features are known"
        return FlagResolutionDetails(
            value=default, reason=Reason.ERROR, error_code=code, error_message=message
        )


def _own(context: EvaluationContext | None) -> OwnContext:
    if context is None:
        return OwnContext()
    attributes = cast("Mapping[str, Attribute]", context.attributes)
    return OwnContext(targeting_key=context.targeting_key or "", attributes=attributes)


def _details(resolution: Resolution[object], value: T) -> FlagResolutionDetails[T]:
    code = resolution.error_code
    return FlagResolutionDetails(
        value=value,
        error_code=_ERRORS[code.value] if code is not None else None,
        error_message=resolution.error_message,
        reason=_REASONS[resolution.reason.value],
        variant=resolution.variant,
        flag_metadata=resolution.flag_metadata,
    )
