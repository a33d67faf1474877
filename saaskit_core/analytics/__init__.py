"""Recurring revenue, exact: per month, and what moved it."""
