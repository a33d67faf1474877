"""What may a customer of this plan do, and why? Features are compiled once, then only looked up."""

from datetime import UTC, datetime

from saaskit_core.features import BUILTIN, Grant, compile_features

PRO = Grant(
    plan="pro",
    features={
        "api_access": {"enabled": True, "calls_per_hour": 120},
        "export_formats": {"csv": True},
        "storage": {"limit_mb": "unlimited"},
    },
)


def main() -> None:
    granted = compile_features(BUILTIN, grants=[PRO], now=datetime(2024, 6, 1, tzinfo=UTC))
    for path in ("api_access.enabled", "export_formats.csv", "export_formats.pdf", "no.such"):
        reason = granted.boolean(path, default=False).reason
        print(f"{path:<26}{'yes' if granted.allows(path) else 'no':<5}{reason.value}")
    print(f"calls per hour: {granted.limit('api_access.calls_per_hour')}")
    unlimited = granted.limit("storage.limit_mb") is None
    print(f"storage: {'unlimited' if unlimited else granted.limit('storage.limit_mb')}")


if __name__ == "__main__":
    main()
