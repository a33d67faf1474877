"""Acme Pay for SaaSKit."""

from __future__ import annotations

from acme_pay.provider import AcmePay
from saaskit_core.plugins import hookimpl

SAASKIT_API = 1


@hookimpl
def saaskit_payment_providers() -> list[type[AcmePay]]:
    return [AcmePay]
