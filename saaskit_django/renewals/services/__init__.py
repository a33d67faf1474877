"""What time starts: the sweep over due subscriptions, and the round of everything periodic."""
