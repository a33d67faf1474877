"""Counted use: rate limits and quotas of plans."""
