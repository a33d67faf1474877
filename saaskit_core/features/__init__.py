"""Features: what a plan grants, compiled once and answered with a reason."""

from __future__ import annotations

from saaskit_core.features.builtin import BUILTIN, Feature
from saaskit_core.features.compilation import check_override, compile_features
from saaskit_core.features.constraints import OPERATORS, Constraint
from saaskit_core.features.contexts import TARGETING_KEY, EvaluationContext
from saaskit_core.features.definitions import (
    Definitions,
    FeatureDefinition,
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
from saaskit_core.features.explaining import Considered, Explanation
from saaskit_core.features.grants import Grant, Override, OverrideMode, OverrideScope
from saaskit_core.features.resolution import ErrorCode, Reason, Resolution
from saaskit_core.features.resolving import Level
from saaskit_core.features.rollouts import InvalidRollout, Rollout, Scale, Variant, serve
from saaskit_core.features.targeting import Prerequisite, Segment, TargetingRule
from saaskit_core.features.values import UNLIMITED, UNLIMITED_WORD, FeatureType

__all__ = [
    "BUILTIN",
    "JSON",
    "OPERATORS",
    "TARGETING_KEY",
    "UNLIMITED",
    "UNLIMITED_WORD",
    "Considered",
    "Constraint",
    "Definitions",
    "ErrorCode",
    "EvaluationContext",
    "Explanation",
    "Feature",
    "FeatureDefinition",
    "FeatureSet",
    "FeatureType",
    "FeatureValueInvalid",
    "Grant",
    "InvalidFeatureDefinition",
    "InvalidRollout",
    "Level",
    "Merge",
    "Override",
    "OverrideMode",
    "OverrideScope",
    "Prerequisite",
    "Reason",
    "Resolution",
    "Rollout",
    "Scale",
    "Segment",
    "TargetingRule",
    "UnknownFeature",
    "Variant",
    "check_override",
    "compile_features",
    "define",
    "nested",
    "problems",
    "serve",
    "unknown_feature",
    "validated",
    "with_leaf",
]
