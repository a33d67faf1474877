"""What the doctor finds: one finding per line, worst news with what to do about it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class Level(StrEnum):
    """How bad a finding is; only errors make the doctor fail."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The result of one probe. Messages name settings and plugins, never their values."""

    level: Level
    probe: str
    message: str
    hint: str = ""


def ok(probe: str, message: str) -> Finding:
    """Return a finding that all is well."""
    return Finding(level=Level.OK, probe=probe, message=message)


def warning(probe: str, message: str, *, hint: str = "") -> Finding:
    """Return a finding that should be looked at."""
    return Finding(level=Level.WARNING, probe=probe, message=message, hint=hint)


def error(probe: str, message: str, *, hint: str = "") -> Finding:
    """Return a finding that must be put right."""
    return Finding(level=Level.ERROR, probe=probe, message=message, hint=hint)


def as_json(findings: Sequence[Finding]) -> str:
    """Return the findings for machines."""
    answer = {"ok": is_well(findings), "findings": [asdict(finding) for finding in findings]}
    return json.dumps(answer, indent=2) + "\n"


def as_text(findings: Sequence[Finding]) -> str:
    """Return the findings for people."""
    lines = [line for finding in findings for line in _lines(finding)]
    counts = (_count(findings, Level.ERROR), _count(findings, Level.WARNING))
    return "\n".join([*lines, "", " · ".join(counts)]) + "\n"


def is_well(findings: Sequence[Finding]) -> bool:
    """Tell whether there is no error among them."""
    return not any(finding.level is Level.ERROR for finding in findings)


def _lines(finding: Finding) -> list[str]:
    line = f"{finding.level:<8} {finding.probe:<11} {finding.message}"
    return [line, f"{'':20} → {finding.hint}"] if finding.hint else [line]


def _count(findings: Sequence[Finding], level: Level) -> str:
    number = sum(finding.level is level for finding in findings)
    return f"{number} {level}{'' if number == 1 else 's'}"
