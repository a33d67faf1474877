"""Referrals: codes people share, who was sent by whom, and the rewards that come of it."""
