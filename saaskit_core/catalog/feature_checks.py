"""Checks of what plans grant: features that nobody gets, plans that give less for more."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from saaskit_core.catalog.granted import granted, rank
from saaskit_core.periods import BillingFrequency

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from fractions import Fraction

    from saaskit_core.catalog.findings import Finding, Subject
    from saaskit_core.features import JSON
    from saaskit_core.plans import Plan


def check_features(subject: Subject) -> Iterator[Finding]:
    """Yield what is suspicious about the features of the plans that are active."""
    grants = {plan.key: granted(plan, subject.definitions) for plan in subject.active_plans}
    yield from _granted_by_nobody(subject, grants)
    told: set[tuple[str, ...]] = set()
    for ladder in _ladders(subject):
        for cheaper, dearer in pairwise(ladder):
            yield from _less_for_more(subject, grants, (cheaper, dearer), told)
        yield from _pointless(subject, grants, ladder, told)


def _granted_by_nobody(
    subject: Subject, grants: Mapping[str, Mapping[str, JSON]]
) -> Iterator[Finding]:
    for definition in subject.catalog.features:
        is_given = any(definition.path in features for features in grants.values())
        if not is_given and definition.is_enabled and not rank(definition, definition.default):
            where = ("features", definition.path)
            yield subject.warn("never_granted", where, f"no plan grants {definition.path}")


def _ladders(subject: Subject) -> Iterator[list[Plan]]:
    """Yield the plans of each group, currency and frequency, the cheapest first; one per price."""
    found: defaultdict[tuple[str, str, BillingFrequency], list[tuple[Fraction, Plan]]]
    found = defaultdict(list)
    for plan in subject.active_plans:
        for price in plan.prices:
            if price.frequency in (BillingFrequency.MONTHLY, BillingFrequency.YEARLY):
                key = (plan.group, price.amount.currency, price.frequency)
                found[key].append((price.monthly, plan))
    for steps in found.values():
        steps.sort(key=lambda step: step[0])
        yield [
            plan
            for index, (at, plan) in enumerate(steps)
            if index == 0 or at != steps[index - 1][0]
        ]


def _less_for_more(
    subject: Subject,
    grants: Mapping[str, Mapping[str, JSON]],
    pair: tuple[Plan, Plan],
    told: set[tuple[str, ...]],
) -> Iterator[Finding]:
    cheaper, dearer = pair
    for path in sorted(grants[cheaper.key].keys() | grants[dearer.key].keys()):
        less, more = (_rank_of(subject, grants, plan, path) for plan in (dearer, cheaper))
        mark = (cheaper.key, dearer.key, path)
        if less is None or more is None or less >= more or mark in told:
            continue
        told.add(mark)
        where = (*subject.plan_path(dearer), "features", *path.split("."))
        problem = f"{dearer.key} is dearer than {cheaper.key} but gives less {path}"
        yield subject.warn("less_for_more", where, problem)


def _pointless(
    subject: Subject,
    grants: Mapping[str, Mapping[str, JSON]],
    ladder: list[Plan],
    told: set[tuple[str, ...]],
) -> Iterator[Finding]:
    """A plan that costs more and gives nothing more is one that nobody has a reason to reach."""
    for cheaper, dearer in pairwise(ladder):
        paths = grants[cheaper.key].keys() | grants[dearer.key].keys()
        ranks = [
            (_rank_of(subject, grants, cheaper, path), _rank_of(subject, grants, dearer, path))
            for path in paths
        ]
        comparable = [(one, other) for one, other in ranks if one is not None and other is not None]
        mark = (cheaper.key, dearer.key)
        if len(comparable) < len(ranks) or mark in told or not paths:
            continue
        if all(other <= one for one, other in comparable):
            told.add(mark)
            problem = f"{dearer.key} is dearer than {cheaper.key} and gives nothing more"
            yield subject.warn("pointless_plan", subject.plan_path(dearer), problem)


def _rank_of(
    subject: Subject, grants: Mapping[str, Mapping[str, JSON]], plan: Plan, path: str
) -> float | None:
    definition = subject.definitions[path]
    return rank(definition, grants[plan.key].get(path, definition.default))
