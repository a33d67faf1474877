"""What a segment or a rule asks of the context. The operators carry Unleash's names.

Nothing here raises. An operator that nobody knows is false; so is a missing attribute, except for
NOT_IN; what should be a number, a date, a version, an address or a pattern and isn't, is false
even when the constraint is inverted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache, partial
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from operator import eq, ge, gt, le, lt
from typing import TYPE_CHECKING, Any

from saaskit_core.features.contexts import text_of
from saaskit_core.features.regex_matching import Pattern, compiled
from saaskit_core.features.regex_syntax import PatternRefused
from saaskit_core.features.versions import precedence

if TYPE_CHECKING:
    from saaskit_core.features.contexts import EvaluationContext

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_LONGEST_NUMBER = 400
_LONGEST_DATE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """One condition on one attribute. NUM, DATE, SEMVER and REGEX compare with the first value.

    `is_case_insensitive` counts for texts and patterns.
    """

    attribute: str
    operator: str
    values: tuple[str, ...] = ()
    is_inverted: bool = False
    is_case_insensitive: bool = False

    def __post_init__(self) -> None:
        """Keep the values as texts; what has none is left out."""
        object.__setattr__(self, "attribute", str(self.attribute))
        object.__setattr__(self, "operator", str(self.operator))
        object.__setattr__(self, "is_inverted", bool(self.is_inverted))
        given: object = self.values
        items = given if isinstance(given, Iterable) and not isinstance(given, str) else (given,)
        texts = (text_of(item) for item in items)
        object.__setattr__(self, "values", tuple(text for text in texts if text is not None))

    def holds(self, context: EvaluationContext) -> bool:
        """Tell whether the context fulfils it."""
        text = context.text(self.attribute)
        if self.operator in _MEMBERSHIP:
            is_member = text is not None and text in self.values
            return is_member is ((self.operator == "IN") is not self.is_inverted)
        operator = _OPERATORS.get(self.operator)
        found = operator(self, text) if operator is not None and text is not None else None
        return found is not None and found is not self.is_inverted


def _texts(test: Callable[[str, str], bool], constraint: Constraint, text: str) -> bool:
    if constraint.is_case_insensitive:
        text = text.casefold()
        return any(test(text, value.casefold()) for value in constraint.values)
    return any(test(text, value) for value in constraint.values)


def _compared(
    parse: Callable[[str], Any | None],
    test: Callable[[Any, Any], bool],
    constraint: Constraint,
    text: str,
) -> bool | None:
    """Compare two values of one kind; None when one of them isn't of that kind."""
    one, other = parse(text), parse(constraint.values[0]) if constraint.values else None
    return None if one is None or other is None else test(one, other)


@lru_cache(maxsize=1024)
def _number(text: str) -> Decimal | None:
    text = text.strip()
    is_number = len(text) <= _LONGEST_NUMBER and _NUMBER.fullmatch(text)
    return Decimal(text) if is_number else None


@lru_cache(maxsize=1024)
def _date(text: str) -> datetime | None:
    """Read an ISO 8601 instant; without an offset it is UTC (OpenFeature, types: datetime)."""
    if len(text) > _LONGEST_DATE:
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _in_network(constraint: Constraint, text: str) -> bool | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    networks = [network for network in map(_network, constraint.values) if network is not None]
    return any(address in network for network in networks) if networks else None


@lru_cache(maxsize=1024)
def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        return None


def _matches_pattern(constraint: Constraint, text: str) -> bool | None:
    ignores_case = constraint.is_case_insensitive
    pattern = _pattern(constraint.values[0], ignores_case) if constraint.values else None
    return pattern.is_found_in(text) if pattern is not None else None


@lru_cache(maxsize=256)
def _pattern(text: str, ignores_case: bool) -> Pattern | None:  # noqa: FBT001
    try:
        return compiled(text, ignores_case=ignores_case)
    except PatternRefused:
        return None


_MEMBERSHIP = frozenset({"IN", "NOT_IN"})
_Operator = Callable[[Constraint, str], bool | None]
_OPERATORS: dict[str, _Operator] = {
    "STR_CONTAINS": partial(_texts, lambda text, value: value in text),
    "STR_STARTS_WITH": partial(_texts, str.startswith),
    "STR_ENDS_WITH": partial(_texts, str.endswith),
    "NUM_EQ": partial(_compared, _number, eq),
    "NUM_GT": partial(_compared, _number, gt),
    "NUM_GTE": partial(_compared, _number, ge),
    "NUM_LT": partial(_compared, _number, lt),
    "NUM_LTE": partial(_compared, _number, le),
    "DATE_AFTER": partial(_compared, _date, gt),
    "DATE_BEFORE": partial(_compared, _date, lt),
    "SEMVER_EQ": partial(_compared, precedence, eq),
    "SEMVER_GT": partial(_compared, precedence, gt),
    "SEMVER_GTE": partial(_compared, precedence, ge),
    "SEMVER_LT": partial(_compared, precedence, lt),
    "SEMVER_LTE": partial(_compared, precedence, le),
    "IN_CIDR": _in_network,
    "REGEX": _matches_pattern,
}
OPERATORS = frozenset(_OPERATORS) | _MEMBERSHIP
"""The operators there are."""
