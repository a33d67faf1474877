"""Catalogues: plans, features and coupons in one YAML or JSON file."""

from __future__ import annotations

from saaskit_core.catalog.building import Catalog
from saaskit_core.catalog.problems import CatalogError, CatalogProblem, YamlNotInstalled
from saaskit_core.catalog.reading import load_catalog, parse_catalog

__all__ = [
    "Catalog",
    "CatalogError",
    "CatalogProblem",
    "YamlNotInstalled",
    "load_catalog",
    "parse_catalog",
]
