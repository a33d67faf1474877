"""What is wrong with a catalogue: always the file, the line, what is wrong and what is allowed."""

from __future__ import annotations

from dataclasses import dataclass

from saaskit_core.errors import SaasKitError


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogProblem:
    """One mistake. `where` is the path of keys to it; `allowed` may be empty; `code` is stable."""

    line: int
    where: str
    problem: str
    allowed: str = ""
    code: str = "invalid"

    def __str__(self) -> str:
        """Word it without the file's name."""
        place = f"line {self.line}" + (f", {self.where}" if self.where else "")
        return f"{place}: {self.problem}" + (f" ({self.allowed})" if self.allowed else "")


class CatalogError(SaasKitError):
    """The catalogue can't be used; `problems` lists everything that was found."""

    code = "catalog_invalid"
    template = "The catalogue %(file)s can't be used:\n%(report)s"

    def __init__(self, *, file: str, problems: tuple[CatalogProblem, ...], **_: object) -> None:
        """Keep the problems, in the order of their lines."""
        self.file = file
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line))
        report = "\n".join(f"{file}, {problem}" for problem in self.problems)
        super().__init__(file=file, problems=self.problems, report=report)


class YamlNotInstalled(SaasKitError):
    """PyYAML is an extra."""

    code = "yaml_not_installed"
    template = (
        "%(file)s is YAML, and PyYAML is not installed: pip install 'saaskit[yaml]',"
        " or write the catalogue as JSON."
    )
