"""The sandbox's settings. All have defaults, so that `{"type": "sandbox"}` is enough."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

SHORTEST_SECRET = 16


class SandboxSettings(BaseModel):
    """`path` is the SQLite file with the sandbox's books, shared by every process that names it.

    Without `webhook_secrets` the file holds a random one. The first secret signs; all of them
    verify, so that a secret can be replaced while deliveries are on their way.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    path: Path = Path("saaskit-sandbox.sqlite3")
    webhook_secrets: tuple[SecretStr, ...] = ()
    latency_ms: int = Field(default=0, ge=0, le=60_000)
    minimum: dict[str, int] = Field(default_factory=dict)
    """Smallest amount by currency, in minor units, as real providers have one."""

    @field_validator("path")
    @classmethod
    def _is_a_file(cls, path: Path) -> Path:
        if str(path) in {"", ".", ":memory:"} or path.is_dir():
            raise ValueError("name a file: other processes must see the same books")
        return path

    @field_validator("webhook_secrets")
    @classmethod
    def _are_long_enough(cls, secrets: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if any(len(secret.get_secret_value()) < SHORTEST_SECRET for secret in secrets):
            raise ValueError(f"a secret has at least {SHORTEST_SECRET} characters")
        return secrets
