import importlib
import importlib.util
import pickle
import pkgutil
import re

import pytest

import saaskit_core
from saaskit_core.errors import ErrorKind, SaasKitError
from saaskit_core.money import InvalidAmount
from saaskit_core.provider_errors import (
    DeclineReason,
    Outcome,
    PaymentDeclined,
    ProviderUnavailable,
)


class Example(SaasKitError):
    code = "example"
    kind = ErrorKind.CONFLICT
    template = "%(name)s can't be %(what)s."


NEEDS_AN_EXTRA = {"saaskit_core.openfeature": "openfeature"}
"""Modules that only import with the package of their extra."""


def core_errors():
    for module in pkgutil.walk_packages(saaskit_core.__path__, "saaskit_core."):
        if ".testing" not in module.name and is_importable(module.name):
            importlib.import_module(module.name)
    found = [SaasKitError]
    for error in found:
        found.extend(kind for kind in error.__subclasses__() if kind not in found)
    return [error for error in found if error.__module__.startswith("saaskit_core.")]


def is_importable(name):
    return name not in NEEDS_AN_EXTRA or importlib.util.find_spec(NEEDS_AN_EXTRA[name]) is not None


def test_the_message_is_the_template_filled():
    error = Example(name="A", what="B", pointer="/name")
    assert str(error) == "A can't be B."
    assert error.params == {"name": "A", "what": "B"}
    assert error.pointer == "/name"
    assert Example(name="A", what="B").pointer is None


@pytest.mark.parametrize(
    "error",
    [
        Example(name="A", what="B", pointer="/x"),
        InvalidAmount(amount="x", problem="y"),
        PaymentDeclined(reason=DeclineReason.EXPIRED_CARD, provider="p", transaction_id="t"),
        ProviderUnavailable(outcome=Outcome.UNKNOWN, provider="p"),
    ],
)
def test_errors_survive_pickling(error):
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert (str(again), again.params, again.pointer) == (str(error), error.params, error.pointer)


def test_every_core_error_is_well_formed():
    for error in core_errors():
        assert re.fullmatch(r"[a-z][a-z0-9_]*", error.code), error
        assert isinstance(error.kind, ErrorKind)
        names = re.findall(r"%\((\w+)\)s", error.template)
        assert error.template % dict.fromkeys(names, "x"), error
