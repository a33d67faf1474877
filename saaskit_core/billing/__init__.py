"""Billing: what is due, to the cent."""
