"""The features every installation has. Hosts and plugins define more."""

from __future__ import annotations

from enum import StrEnum

from saaskit_core.features.definitions import FeatureDefinition, define
from saaskit_core.features.values import UNLIMITED_WORD, FeatureType


class Feature(StrEnum):
    """The paths of the built-in features, under the names that the Python API uses."""

    API_ENABLED = "api_access.enabled"
    API_CALLS_PER_HOUR = "api_access.calls_per_hour"
    API_DAILY_LIMIT = "api_access.daily_limit"
    API_MONTHLY_LIMIT = "api_access.monthly_limit"
    AI_ANALYTICS_ENABLED = "ai_analytics.enabled"
    AI_ANALYTICS_LIMIT = "ai_analytics.limit"
    ADVANCED_ANALYTICS_ENABLED = "advanced_analytics.enabled"
    REAL_TIME_DATA_ENABLED = "real_time_data.enabled"
    WEBHOOK_ENABLED = "integrations.webhook"
    EXPORT_CSV = "export_formats.csv"
    EXPORT_PDF = "export_formats.pdf"
    EXPORT_EXCEL = "export_formats.excel"
    TEAM_MAX_MEMBERS = "team_collaboration.max_members"
    CUSTOM_REPORTS_MAX_PER_MONTH = "custom_reports.max_per_month"
    STORAGE_LIMIT_MB = "storage.limit_mb"


def _flag(path: str, description: str) -> FeatureDefinition:
    return FeatureDefinition(
        path=path, type=FeatureType.BOOL, default=False, description=description
    )


def _limit(path: str, default: int | str, description: str) -> FeatureDefinition:
    return FeatureDefinition(
        path=path, type=FeatureType.LIMIT, default=default, description=description
    )


# A plan that is silent about API calls doesn't restrict them; what is sold by number is none.
BUILTIN = define(
    (
        _flag(Feature.API_ENABLED, "May use the API"),
        _limit(Feature.API_CALLS_PER_HOUR, UNLIMITED_WORD, "API calls per hour"),
        _limit(Feature.API_DAILY_LIMIT, UNLIMITED_WORD, "Operations per day"),
        _limit(Feature.API_MONTHLY_LIMIT, UNLIMITED_WORD, "Operations per month"),
        _flag(Feature.AI_ANALYTICS_ENABLED, "AI analytics"),
        _limit(Feature.AI_ANALYTICS_LIMIT, 0, "AI analyses"),
        _flag(Feature.ADVANCED_ANALYTICS_ENABLED, "Advanced analytics"),
        _flag(Feature.REAL_TIME_DATA_ENABLED, "Real-time data"),
        _flag(Feature.WEBHOOK_ENABLED, "Outgoing webhooks"),
        _flag(Feature.EXPORT_CSV, "Export as CSV"),
        _flag(Feature.EXPORT_PDF, "Export as PDF"),
        _flag(Feature.EXPORT_EXCEL, "Export as Excel"),
        _limit(Feature.TEAM_MAX_MEMBERS, 1, "Members of the team"),
        _limit(Feature.CUSTOM_REPORTS_MAX_PER_MONTH, 0, "Custom reports per month"),
        _limit(Feature.STORAGE_LIMIT_MB, 0, "Storage in megabytes"),
    )
)
