"""Billing: invoices with lines and numbers, applied coupons, the wallet's ledger."""
