"""Everything that is wrong or suspicious about a catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saaskit_core.catalog.coupon_checks import check_coupons
from saaskit_core.catalog.feature_checks import check_features
from saaskit_core.catalog.findings import Finding, Severity, Subject
from saaskit_core.catalog.price_checks import check_prices
from saaskit_core.catalog.problems import CatalogError, CatalogProblem
from saaskit_core.catalog.reading import read_catalog
from saaskit_core.features import BUILTIN, Definitions

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

CHECKS = (check_prices, check_features, check_coupons)


def lint(
    text: str, *, file: str, now: datetime, definitions: Definitions = BUILTIN
) -> tuple[Finding, ...]:
    """Return everything that is wrong (errors) or suspicious (warnings), in the order of lines.

    The suffix of `file` says whether it is JSON or YAML; `definitions` are the features that are
    installed; at `now` a coupon may be over. Any text is answered. What has errors isn't looked at
    further, the rest is. Raises YamlNotInstalled.
    """
    try:
        reading = read_catalog(text, file=file, definitions=definitions)
    except CatalogError as error:
        return _errors(error.problems)
    found = list(_errors(reading.problems))
    if reading.document is not None:
        subject = Subject(
            catalog=reading.catalog,
            document=reading.document,
            source=reading.source,
            definitions=reading.definitions,
            now=now,
        )
        for check in CHECKS:
            found.extend(check(subject))
    return tuple(sorted(found, key=lambda finding: finding.line))


def has_errors(findings: Iterable[Finding]) -> bool:
    """Tell whether the catalogue can't be used."""
    return any(finding.severity is Severity.ERROR for finding in findings)


def _errors(problems: Iterable[CatalogProblem]) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            severity=Severity.ERROR,
            code=problem.code,
            line=problem.line,
            where=problem.where,
            problem=problem.problem,
            allowed=problem.allowed,
        )
        for problem in problems
    )
