"""Who is billed: customers, their members, and the profile beside any user model."""
