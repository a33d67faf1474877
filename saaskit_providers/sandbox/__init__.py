"""The sandbox: a payment provider that moves no money and behaves as it is told.

It is a plugin like anyone's, with its books in one SQLite file that many processes share.
"""

from __future__ import annotations

from saaskit_core.plugins import hookimpl
from saaskit_providers.sandbox.provider import SandboxProvider
from saaskit_providers.sandbox.settings import SandboxSettings

SAASKIT_API = 1

__all__ = ["SandboxProvider", "SandboxSettings"]


@hookimpl
def saaskit_payment_providers() -> list[type[SandboxProvider]]:
    """Register the sandbox."""
    return [SandboxProvider]
