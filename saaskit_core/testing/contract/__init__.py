"""The suites that every provider and notifier must pass, ours and yours.

    class TestMollie(PaymentProviderContract):
        @pytest.fixture
        def harness(self, tmp_path):
            return MollieHarness(tmp_path)

A capability that the provider doesn't implement is skipped. Needs pytest.
"""

from __future__ import annotations

import pytest

_PARTS = ("identity", "payments", "outcomes", "refunds", "saved_methods", "webhooks", "notifiers")

# Before they are imported, so that a failed assert says what it compared.
pytest.register_assert_rewrite(*(f"{__name__}.{part}" for part in _PARTS))

from saaskit_core.testing.contract.harness import NotifierHarness, ProviderHarness  # noqa: E402
from saaskit_core.testing.contract.identity import IdentityContract  # noqa: E402
from saaskit_core.testing.contract.notifiers import NotifierContract  # noqa: E402
from saaskit_core.testing.contract.outcomes import OutcomesContract  # noqa: E402
from saaskit_core.testing.contract.payments import PaymentsContract  # noqa: E402
from saaskit_core.testing.contract.refunds import RefundsContract  # noqa: E402
from saaskit_core.testing.contract.saved_methods import SavedMethodsContract  # noqa: E402
from saaskit_core.testing.contract.webhooks import WebhooksContract  # noqa: E402

__all__ = [
    "NotifierContract",
    "NotifierHarness",
    "PaymentProviderContract",
    "ProviderHarness",
]


class PaymentProviderContract(
    IdentityContract,
    PaymentsContract,
    OutcomesContract,
    RefundsContract,
    SavedMethodsContract,
    WebhooksContract,
):
    """Everything a payment provider promises. Subclass it and give a `harness` fixture."""
