"""Features that require others: whether one holds, and whether the chain ends at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saaskit_core.features.resolution import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from saaskit_core.features.documents import JSON
    from saaskit_core.features.resolution import Resolution
    from saaskit_core.features.targeting import Prerequisite

LONGEST_CHAIN = 20


def holds(prerequisite: Prerequisite, parent: Resolution[JSON] | None) -> bool:
    """Tell whether the parent's answer is what is required.

    A parent that isn't defined or can't be read fulfils nothing, not even that it is off.
    """
    if parent is None or parent.error_code is not None:
        return False
    is_on = parent.reason is not Reason.DISABLED and _is_on(parent.value)
    if is_on is not prerequisite.is_enabled:
        return False
    return not prerequisite.variants or parent.variant in prerequisite.variants


def unresolvable(requires: Mapping[str, Sequence[Prerequisite]]) -> dict[str, str]:
    """Return the features whose chain of prerequisites runs in a circle or is too long, and why.

    What only leads into a circle counts too: it could never be worked out. Time grows with the
    number of prerequisites times `LONGEST_CHAIN`.
    """
    waiting = {
        path: {each.path for each in prerequisites if each.path in requires}
        for path, prerequisites in requires.items()
        if prerequisites
    }
    for _ in range(LONGEST_CHAIN):
        ready = [path for path, parents in waiting.items() if not parents & waiting.keys()]
        if not ready:
            break
        for path in ready:
            del waiting[path]
    return {path: _problem(path, waiting) for path in sorted(waiting)}


def _problem(path: str, waiting: Mapping[str, set[str]]) -> str:
    """Follow the chain from `path`; it leads back to where it was, or is too long."""
    chain = [path]
    while True:
        following = min(waiting[chain[-1]] & waiting.keys(), default=None)
        if following is None:
            return f"more than {LONGEST_CHAIN} features require one another"
        if following in chain:
            circle = [*chain[chain.index(following) :], following]
            return f"features require each other in a circle: {' > '.join(circle)}"
        chain.append(following)


def _is_on(value: JSON) -> bool:
    if isinstance(value, bool | int | float):
        return value > 0
    return True
