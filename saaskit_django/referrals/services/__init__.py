"""Write referrals: codes, claims, what payments and time do to them, rewards."""
