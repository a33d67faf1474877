"""Choices: a plain word that comes in becomes the member of the enum that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from enum import StrEnum

    from saaskit_core.errors import SaasKitError


def read_choices(
    value: object,
    kinds: Mapping[str, type[StrEnum]],
    *,
    refused: Callable[[str], SaasKitError],
    optional: Collection[str] = (),
) -> None:
    """Set the named fields of a new value to the members that they name.

    Without this a plain "hard" is not `Enforcement.HARD`, and would silently mean something else.
    Those that are `optional` may be None. Raises what `refused` makes of the problem in words.
    """
    for name, kind in kinds.items():
        given = getattr(value, name)
        if type(given) is kind or (given is None and name in optional):
            continue
        try:
            object.__setattr__(value, name, kind(given))
        except ValueError:
            allowed = ", ".join(repr(member.value) for member in kind)
            raise refused(f"{name} is one of {allowed}, not {repr(given)[:40]}") from None
