"""Features: what a plan grants, compiled once and answered with a reason."""

from __future__ import annotations

from saaskit_core.features.builtin import BUILTIN, Feature
from saaskit_core.features.compilation import (
    Grant,
    Override,
    OverrideMode,
    OverrideScope,
    check_override,
    compile_features,
)
from saaskit_core.features.definitions import (
    UNLIMITED,
    UNLIMITED_WORD,
    Definitions,
    FeatureDefinition,
    FeatureType,
    FeatureValueInvalid,
    InvalidFeatureDefinition,
    Merge,
    UnknownFeature,
    define,
    problems,
    unknown_feature,
    validated,
)
from saaskit_core.features.documents import JSON, nested, with_leaf
from saaskit_core.features.evaluation import FeatureSet
from saaskit_core.features.resolution import ErrorCode, Reason, Resolution

__all__ = [
    "BUILTIN",
    "JSON",
    "UNLIMITED",
    "UNLIMITED_WORD",
    "Definitions",
    "ErrorCode",
    "Feature",
    "FeatureDefinition",
    "FeatureSet",
    "FeatureType",
    "FeatureValueInvalid",
    "Grant",
    "InvalidFeatureDefinition",
    "Merge",
    "Override",
    "OverrideMode",
    "OverrideScope",
    "Reason",
    "Resolution",
    "UnknownFeature",
    "check_override",
    "compile_features",
    "define",
    "nested",
    "problems",
    "unknown_feature",
    "validated",
    "with_leaf",
]
