"""Checkout: what a customer starts: subscribing, discounts, paying, changing plan."""
