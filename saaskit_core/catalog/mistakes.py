"""What pydantic finds wrong with a document, in words that help whoever wrote it."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, get_args

from pydantic import BaseModel, ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pydantic_core import ErrorDetails

    from saaskit_core.catalog.located import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One mistake: the path of keys to it, pydantic's name of it, what is wrong, what is allowed.

    `allowed` may be empty.
    """

    where: Path
    kind: str
    problem: str
    allowed: str = ""

    def __str__(self) -> str:
        """Word it without its place."""
        return f"{self.problem} ({self.allowed})" if self.allowed else self.problem


def mistakes(exc: ValidationError, model: type[BaseModel]) -> Iterator[Mistake]:
    """Yield every mistake that pydantic found, reading a document of that shape."""
    for error in exc.errors():
        where = tuple(part for part in error["loc"] if part != "[key]")
        problem, allowed = _worded(error, where, model)
        yield Mistake(where=where, kind=error["type"], problem=problem, allowed=allowed)


_EXPECTED = {
    "model_type": "keys with values are expected here",
    "model_attributes_type": "keys with values are expected here",
    "dict_type": "keys with values are expected here",
    "tuple_type": "a list is expected here",
    "list_type": "a list is expected here",
    "string_type": "a text is expected here, in quotes if it looks like a number",
    "int_type": "a whole number is expected here",
    "int_parsing": "a whole number is expected here",
    "int_from_float": "a whole number is expected here",
    "bool_type": "true or false is expected here",
    "decimal_type": "a number is expected here",
    "decimal_parsing": "a number is expected here",
    "greater_than": "it must be more than {gt}",
    "greater_than_equal": "it must be {ge} or more",
    "less_than": "it must be less than {lt}",
    "less_than_equal": "it must be {le} or less",
}


def _worded(error: ErrorDetails, where: Path, model: type[BaseModel]) -> tuple[str, str]:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        known = sorted(_keys_at(model, where[:-1]))
        return f"there is no key {str(where[-1])[:60]!r} here", _choose(str(where[-1]), known)
    if kind == "missing":
        return f"{where[-1]!r} is missing", ""
    if kind == "enum":
        given = str(error["input"])
        return f"{given[:60]!r} is not possible", _choose(given, _values(context))
    if kind in _EXPECTED:
        return _EXPECTED[kind].format(**context), ""
    return error["msg"].removeprefix("Value error, "), ""


def _values(context: Mapping[str, object]) -> list[str]:
    listed = str(context["expected"]).replace(" or ", ", ")
    return [word.strip(" '") for word in listed.split(",")]


def _choose(given: str, known: Sequence[str]) -> str:
    close = get_close_matches(given, known, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}allowed: {', '.join(known)}"


def _keys_at(model: type[BaseModel], where: Path) -> list[str]:
    """Return the keys of the document that stands at a path."""
    for part in where:
        if isinstance(part, str) and part in model.model_fields:
            annotation = model.model_fields[part].annotation
            inner = (annotation, *get_args(annotation))
            model = next((each for each in inner if _is_document(each)), model)
    return [field.alias or name for name, field in model.model_fields.items()]


def _is_document(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
