"""Subscriptions: states, facts and the one pure transition function that joins them."""
