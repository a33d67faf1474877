"""Read a catalogue: text → data with lines → document → plans, features and coupons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from saaskit_core.catalog.building import Builder, Catalog
from saaskit_core.catalog.documents import CatalogDocument
from saaskit_core.catalog.located import dotted, refuse
from saaskit_core.catalog.mistakes import Mistake, mistakes
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
        found = tuple(_problem(each, source) for each in mistakes(exc, CatalogDocument))
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


def _problem(mistake: Mistake, source: Source) -> CatalogProblem:
    return CatalogProblem(
        line=source.line(mistake.where),
        where=dotted(mistake.where),
        problem=mistake.problem,
        allowed=mistake.allowed,
        code=_CODES.get(mistake.kind, "wrong_value"),
    )


_CODES = {
    "extra_forbidden": "unknown_key",
    "missing": "missing_key",
    "enum": "unknown_value",
    "model_type": "wrong_shape",
    "dict_type": "wrong_shape",
    "tuple_type": "wrong_shape",
}
