"""Rules that look at submissions: documents, compiled once, answered with an explained verdict."""

from __future__ import annotations

from saaskit_core.moderation.rules.backtests import Backtest, PastItem, backtest
from saaskit_core.moderation.rules.documents import (
    MAX_RULES,
    InvalidRule,
    Rule,
    parse_rule,
    parse_rules,
)
from saaskit_core.moderation.rules.facts import Attachment, Author, Submission
from saaskit_core.moderation.rules.folding import MAX_TEXT, Folded, Span, fold
from saaskit_core.moderation.rules.judging import RuleSet, compile_rules
from saaskit_core.moderation.rules.links import (
    COMMON_SUFFIXES,
    Link,
    find_links,
    registrable_domain,
)
from saaskit_core.moderation.rules.patterns import UnsafePattern, compile_pattern
from saaskit_core.moderation.rules.personal import passes_luhn
from saaskit_core.moderation.rules.sketches import Sketch, sketch
from saaskit_core.moderation.rules.verdicts import (
    Censoring,
    Done,
    Effect,
    Hit,
    Outcome,
    Verdict,
)

__all__ = [
    "COMMON_SUFFIXES",
    "MAX_RULES",
    "MAX_TEXT",
    "Attachment",
    "Author",
    "Backtest",
    "Censoring",
    "Done",
    "Effect",
    "Folded",
    "Hit",
    "InvalidRule",
    "Link",
    "Outcome",
    "PastItem",
    "Rule",
    "RuleSet",
    "Sketch",
    "Span",
    "Submission",
    "UnsafePattern",
    "Verdict",
    "backtest",
    "compile_pattern",
    "compile_rules",
    "find_links",
    "fold",
    "parse_rule",
    "parse_rules",
    "passes_luhn",
    "registrable_domain",
    "sketch",
]
