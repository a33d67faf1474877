"""What the pages about plans, features and limits show works as it stands there."""

from __future__ import annotations

import re

from saaskit_core.catalog import parse_catalog
from saaskit_core.catalog.documents import CouponDocument, FeatureDocument, PlanDocument
from saaskit_core.money import Money
from tests.architecture.source import ROOT

PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
YAML = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
CATALOG = "reference/catalog.md"


def text_of(page):
    return (ROOT / "docs" / page).read_text(encoding="utf-8")


def run(page):
    namespace = {"__name__": "page"}
    for block in PYTHON.findall(text_of(page)):
        exec(compile(block, page, "exec", dont_inherit=True), namespace)
    return namespace


def test_the_page_on_features_and_limits():
    assert len(run("explanation/features_and_limits.md")["decisions"]) == 3


def test_the_page_on_catalogues():
    ran = run(CATALOG)
    assert ran["price"].amount == Money(2900, "USD")
    assert "did you mean 'trial_days'?" in ran["mistakes"][0]


def test_the_catalogue_on_the_page_is_a_good_one():
    (text,) = YAML.findall(text_of(CATALOG))
    catalog = parse_catalog(text, file="page.yaml")
    assert [coupon.code for coupon in catalog.coupons] == ["WELCOME", "TENOFF"]


def test_the_page_names_every_key():
    page = text_of(CATALOG)
    for document in (FeatureDocument, PlanDocument, CouponDocument):
        assert [name for name in document.model_fields if f"`{name}`" not in page] == []
