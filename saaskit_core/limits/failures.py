"""What is done about a use when its counters can't be reached, as each policy says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from saaskit_core.limits.policies import OnBackendError, Policy, limiting

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallback:
    """Refuse the use, or let it through once the policies of `counted_here` allow it."""

    is_refused: bool
    counted_here: tuple[Policy, ...] = ()


def fallback(policies: Iterable[Policy]) -> Fallback:
    """Decide what happens to a use while the counters are out of reach.

    One closed policy refuses it. Otherwise the local ones are counted in this process, and the
    open ones let it through. What isn't in the plan is refused by the local count too.
    """
    wanted = limiting(policies)
    if any(policy.on_backend_error is OnBackendError.CLOSED for policy in wanted):
        return Fallback(is_refused=True)
    here = tuple(each for each in wanted if each.on_backend_error is OnBackendError.LOCAL)
    return Fallback(is_refused=False, counted_here=here)
