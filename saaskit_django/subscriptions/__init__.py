"""Subscriptions: rows, their transition log, and what a customer has now."""
