"""Payments: states and what a provider's answer means for them."""
