"""Why a feature is what it is: every level that was looked at, and the one that decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from saaskit_core.features.resolution import Reason, Resolution
from saaskit_core.features.resolving import OVERRIDES, Level, Step, climb
from saaskit_core.features.windows import is_in_force

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from saaskit_core.features.contexts import EvaluationContext
    from saaskit_core.features.documents import JSON
    from saaskit_core.features.resolving import Lookup
    from saaskit_core.features.sources import Sources
    from saaskit_core.features.windows import Windowed


@dataclass(frozen=True, slots=True, kw_only=True)
class Considered:
    """One level that was looked at; `said` is None when it had nothing to say.

    `notes` name what stands there without counting: an override that has ended, a rule that
    doesn't match.
    """

    level: Level
    said: Resolution[JSON] | None
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Say it in one line."""
        words = "nothing" if self.said is None else _words(self.said)
        return f"{self.level}: {'; '.join([words, *self.notes])}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """How an answer came about: the levels, the strongest first, and who decided."""

    path: str
    answer: Resolution[JSON]
    decided_by: Level
    considered: tuple[Considered, ...]

    def __str__(self) -> str:
        """Say it in lines, the one that decided marked."""
        lines = [
            f"{'→' if each.level is self.decided_by else ' '} {each}" for each in self.considered
        ]
        return "\n".join([f"{self.path} is {_words(self.answer)}", *lines])


def explained(sources: Sources, path: str, context: EvaluationContext, find: Lookup) -> Explanation:
    """Return how the answer for a defined feature comes about. Raises KeyError."""
    steps = {
        step.level: step for step in climb(sources.case(path), context, sources.segments, find)
    }
    deciding = next(step for step in reversed(steps.values()) if step.said is not None)
    answer = deciding.answer
    is_default = answer.error_code is not None or answer.reason is Reason.DISABLED
    if is_default:
        steps[Level.CALLER_DEFAULT] = Step(Level.CALLER_DEFAULT, answer, answer)
    levels = list(Level) if Level.CATALOGUE_DEFAULT in steps else [Level.CALLER_DEFAULT]
    return Explanation(
        path=path,
        answer=answer,
        decided_by=Level.CALLER_DEFAULT if is_default else deciding.level,
        considered=tuple(_considered(sources, path, level, steps.get(level)) for level in levels),
    )


def unexplained(path: str, answer: Resolution[JSON]) -> Explanation:
    """Return the explanation of an answer that nothing but the caller's default stands behind."""
    level = Level.CALLER_DEFAULT
    considered = (Considered(level=level, said=answer),)
    return Explanation(path=path, answer=answer, decided_by=level, considered=considered)


def _considered(sources: Sources, path: str, level: Level, step: Step | None) -> Considered:
    said = step.said if step is not None else None
    notes = _out_of_window(sources, path, level)
    if step is not None and said is None:
        notes = (*notes, _SILENT.get(level, "what is there adds nothing"))
    return Considered(level=level, said=said, notes=notes)


_SILENT = {
    Level.PREREQUISITES: "all hold",
    Level.TARGETING_RULES: "none matches",
    Level.ROLLOUT: "not in it",
}


def _out_of_window(sources: Sources, path: str, level: Level) -> tuple[str, ...]:
    if level is Level.TARGETING_RULES:
        rules = sources.definitions[path].rules
        return _windows(((rule.id, rule) for rule in rules), sources.now)
    scope = OVERRIDES.get(level)
    overrides = (each for each in sources.overrides.get(path, ()) if each.scope is scope)
    return _windows(((each.id or each.mode, each) for each in overrides), sources.now)


def _windows(there: Iterable[tuple[str, Windowed]], now: datetime) -> tuple[str, ...]:
    return tuple(
        f"{name} {'begins at' if _is_ahead(each, now) else 'ended at'} {_edge(each, now)}"
        for name, each in there
        if not is_in_force(each, now)
    )


def _is_ahead(each: Windowed, now: datetime) -> bool:
    return each.starts_at is not None and now < each.starts_at


def _edge(each: Windowed, now: datetime) -> str:
    moment = each.starts_at if _is_ahead(each, now) else each.ends_at
    return moment.isoformat() if moment else ""


def _words(said: Resolution[JSON]) -> str:
    """Spell an answer: its value, its reason and what its metadata adds."""
    if said.error_code is not None:
        return f"the caller's default ({said.error_code}: {said.error_message})"
    if said.reason is Reason.DISABLED:
        return "the caller's default (the feature is disabled)"
    details = ", ".join(f"{name} {value}" for name, value in said.flag_metadata.items())
    return f"{said.value!r} ({said.reason}{': ' if details else ''}{details})"
