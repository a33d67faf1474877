"""Payments: one charge, its confirmation, its refund, and what providers report."""
