"""A package's tax engine comes in through its hook; one that can't work is named."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace

import pytest
from pydantic import BaseModel, ConfigDict

from saaskit_core.billing.invoices import LineKind, Settlement
from saaskit_core.billing.pipeline import assemble, simple_line
from saaskit_core.billing.tax_engines import TaxEngine, TaxRequest, tax_request
from saaskit_core.billing.tax_parts import TaxAnswer, TaxAnswerLine, TaxPart
from saaskit_core.billing.taxes import Buyer, Seller
from saaskit_core.plugins import hookimpl, load_plugins
from saaskit_core.provider_setup import build
from saaskit_core.providers import ProviderConfigurationError
from tests.core.billing_builders import usd


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    percent: int


class FlatEngine:
    """Takes the same percentage everywhere."""

    type_name = "flat"
    settings_model = Settings
    is_production_ready = False

    def __init__(self, settings, *, name):
        self._settings, self.name = settings, name

    def calculate(self, request: TaxRequest) -> TaxAnswer:
        percent = Decimal(self._settings.percent)
        part = Fraction(percent) / 100
        lines = tuple(
            TaxAnswerLine(reference=line.reference, net=line.net, parts=(
                TaxPart(
                    jurisdiction=request.buyer.country, name="Flat", percent=percent,
                    basis=line.net, amount=line.net.scaled(part),
                ),
            ))
            for line in request.lines
        )  # fmt: skip
        return TaxAnswer(engine=self.name, lines=lines, calculation_id="c1")


@dataclass
class Point:
    """An entry point that needs no distribution."""

    name: str
    plugin: object
    dist: object = None

    def load(self):
        return self.plugin


def plugin(*classes):
    @hookimpl
    def saaskit_tax_engines():
        return classes

    return SimpleNamespace(saaskit_tax_engines=saaskit_tax_engines)


def test_an_engine_is_registered_built_asked_and_its_answer_applied():
    report = load_plugins(entry_points=[Point("flat", plugin(FlatEngine))])
    assert report.failed == ()
    engine: TaxEngine = build(
        report.tax_engines["flat"], name="mine", settings={"percent": 8}
    )  # fmt: skip
    lines = [simple_line(LineKind.PERIOD, "pro", usd(1000), "")]
    bare = assemble("USD", lines, Settlement())
    request = tax_request(
        bare, reference="i1", seller=Seller(country="US"), buyer=Buyer(country="US"),
        on=date(2024, 6, 1),
    )  # fmt: skip
    draft = assemble("USD", lines, Settlement(tax=engine.calculate(request)))
    assert (draft.tax, draft.total) == (usd(80), usd(1080))
    assert draft.lines[0].explanation == " Flat (US) 8 % on 10.00 USD: 0.80 USD."


def test_wrong_settings_are_named():
    with pytest.raises(ProviderConfigurationError):
        build(FlatEngine, name="mine", settings={"percnt": 8})


class WithoutCalculate(FlatEngine):
    calculate = None


class WithoutModel(FlatEngine):
    settings_model = None


@pytest.mark.parametrize(
    ("candidate", "said"),
    [(WithoutCalculate, "no method calculate"), (WithoutModel, "pydantic"), (5, "not a class")],
)
def test_what_is_no_engine_is_left_out_and_named(candidate, said):
    report = load_plugins(entry_points=[Point("flat", plugin(candidate, FlatEngine))])
    (failed,) = report.failed
    assert said in failed.problem
    assert dict(report.tax_engines) == {"flat": FlatEngine}


def test_the_first_of_two_keeps_the_name():
    report = load_plugins(
        entry_points=[Point("a", plugin(FlatEngine)), Point("b", plugin(WithoutCalculate)),
                      Point("c", plugin(type("Other", (FlatEngine,), {})))],
    )  # fmt: skip
    assert report.tax_engines["flat"] is FlatEngine
    assert [each.kind for each in report.duplicates] == ["tax engine"]
