"""Why a feature is what it is: every level that was looked at, and the one that decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from saaskit_core.features.resolution import Reason, Resolution
from saaskit_core.features.resolving import Level, climb
from saaskit_core.features.windows import is_in_force

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from saaskit_core.features.contexts import EvaluationContext
    from saaskit_core.features.documents import JSON
    from saaskit_core.features.grants import Override
    from saaskit_core.features.resolving import Lookup, Step
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
    case = sources.case(path)
    steps = list(climb(case, context, sources.segments, find))
    deciding = next(step for step in reversed(steps) if step.said is not None)
    considered = [
        Considered(level=step.level, said=step.said, notes=_notes(sources, path, step))
        for step in reversed(steps)
    ]
    answer, decided_by = deciding.answer, deciding.level
    if answer.error_code is not None:
        decided_by = Level.CALLER_DEFAULT
    if deciding.level is not Level.CALLER_DEFAULT:
        used = answer if decided_by is Level.CALLER_DEFAULT else None
        considered.append(Considered(level=Level.CALLER_DEFAULT, said=used))
    return Explanation(
        path=path, answer=answer, decided_by=decided_by, considered=tuple(considered)
    )


def unexplained(path: str, answer: Resolution[JSON]) -> Explanation:
    """Return the explanation of an answer that nothing but the caller's default stands behind."""
    level = Level.CALLER_DEFAULT
    considered = (Considered(level=level, said=answer),)
    return Explanation(path=path, answer=answer, decided_by=level, considered=considered)


def _notes(sources: Sources, path: str, step: Step) -> tuple[str, ...]:
    definition = sources.definitions[path]
    match step.level:
        case Level.KILL_SWITCH | Level.USER_OVERRIDE | Level.ORGANISATION_OVERRIDE:
            scopes = {
                Level.KILL_SWITCH: "global",
                Level.USER_OVERRIDE: "user",
                Level.ORGANISATION_OVERRIDE: "organisation",
            }
            there = [o for o in sources.overrides.get(path, ()) if o.scope == scopes[step.level]]
            return _overrides(there, step, sources.now)
        case Level.TARGETING_RULES:
            return _windows(((rule.id, rule) for rule in definition.rules), sources.now)
        case Level.PREREQUISITES if definition.requires and step.said is None:
            return ("all hold",)
        case Level.ROLLOUT if definition.rollout is not None and step.said is None:
            return ("not in it",)
        case _:
            return ()


def _overrides(there: list[Override], step: Step, now: datetime) -> tuple[str, ...]:
    unused = ("what is there adds nothing",)
    is_used = step.said is not None or not any(is_in_force(each, now) for each in there)
    return (*_windows(((o.id or o.mode, o) for o in there), now), *(() if is_used else unused))


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
