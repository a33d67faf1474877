"""Read a catalogue: text → data with lines → document → plans, features and coupons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, get_args

from pydantic import BaseModel, ValidationError

from saaskit_core.catalog.building import Builder, Catalog
from saaskit_core.catalog.documents import CatalogDocument
from saaskit_core.catalog.located import dotted, refuse
from saaskit_core.catalog.problems import CatalogError, CatalogProblem
from saaskit_core.catalog.sources import Source, read_source
from saaskit_core.features import BUILTIN, Definitions

if TYPE_CHECKING:
    from pathlib import Path as FilePath

MAX_CHARACTERS = 2**21


def load_catalog(path: FilePath, *, definitions: Definitions = BUILTIN) -> Catalog:
    """Read the catalogue file at `path`. Raises like `parse_catalog`, and OSError."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise refuse(str(path), line=1, path=(), problem="it is not UTF-8") from None
    return parse_catalog(text, file=str(path), definitions=definitions)


def parse_catalog(text: str, *, file: str, definitions: Definitions = BUILTIN) -> Catalog:
    """Read a catalogue from a text; the suffix of `file` says whether it is JSON or YAML.

    `definitions` are the features that are installed already. Raises CatalogError with everything
    that is wrong, or YamlNotInstalled.
    """
    reading = read_catalog(text, file=file, definitions=definitions)
    if reading.problems:
        raise CatalogError(file=file, problems=reading.problems)
    return reading.catalog


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A catalogue with what is wrong with it: what has mistakes isn't in `catalog`.

    Without a `document` the text has another shape than a catalogue's.
    """

    source: Source
    document: CatalogDocument | None
    catalog: Catalog
    definitions: Definitions
    problems: tuple[CatalogProblem, ...]


def read_catalog(text: str, *, file: str, definitions: Definitions = BUILTIN) -> Reading:
    """Read as much of a catalogue as can be read.

    Raises CatalogError when the text is neither YAML nor JSON, or YamlNotInstalled.
    """
    if len(text) > MAX_CHARACTERS:
        raise refuse(file, line=1, path=(), problem="it is larger than 2 MiB")
    source = read_source(text, file=file)
    try:
        document = CatalogDocument.model_validate({} if source.data is None else source.data)
    except ValidationError as exc:
        found = tuple(_problem(error, source) for error in exc.errors())
        return Reading(
            source=source,
            document=None,
            catalog=Catalog(),
            definitions=definitions,
            problems=found,
        )
    builder = Builder(source, definitions)
    catalog = builder.build(document)
    return Reading(
        source=source,
        document=document,
        catalog=catalog,
        definitions={**definitions, **{each.path: each for each in catalog.features}},
        problems=tuple(builder.problems),
    )


def _problem(error: Mapping[str, object], source: Source) -> CatalogProblem:
    where = tuple(part for part in error["loc"] if part != "[key]")  # type: ignore[attr-defined]
    problem, allowed = _worded(error, where)
    return CatalogProblem(
        line=source.line(where),
        where=dotted(where),
        problem=problem,
        allowed=allowed,
        code=_CODES.get(str(error["type"]), "wrong_value"),
    )


_CODES = {
    "extra_forbidden": "unknown_key",
    "missing": "missing_key",
    "enum": "unknown_value",
    "model_type": "wrong_shape",
    "dict_type": "wrong_shape",
}


def _worded(error: Mapping[str, object], where: tuple[str | int, ...]) -> tuple[str, str]:
    """Say what is wrong and what is allowed, in our words where pydantic's don't help."""
    kind = error["type"]
    if kind == "extra_forbidden":
        known = sorted(_keys_at(where[:-1]))
        return f"there is no key {str(where[-1])[:60]!r} here", _choose(str(where[-1]), known)
    if kind == "missing":
        return f"{where[-1]!r} is missing", ""
    if kind == "enum":
        context = error["ctx"]
        known = _expected(context)
        return f"{str(error['input'])[:60]!r} is not possible", _choose(str(error["input"]), known)
    if kind in {"model_type", "dict_type"}:
        return "keys with values are expected here", ""
    return str(error["msg"]).removeprefix("Value error, "), ""


def _expected(context: object) -> list[str]:
    listed = str(context["expected"]) if isinstance(context, Mapping) else ""
    return [word.strip(" '") for word in listed.replace(" or ", ", ").split(",")]


def _choose(given: str, known: Sequence[str]) -> str:
    close = get_close_matches(given, known, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}allowed: {', '.join(known)}"


def _keys_at(where: tuple[str | int, ...]) -> list[str]:
    """Return the keys of the document that stands at a path."""
    model: type[BaseModel] = CatalogDocument
    for part in where:
        if isinstance(part, str) and part in model.model_fields:
            inner = get_args(model.model_fields[part].annotation)
            model = next((each for each in inner if _is_document(each)), model)
    return list(model.model_fields)


def _is_document(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
