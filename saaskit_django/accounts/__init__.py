"""Accounts: users who sign in by e-mail, and their tokens. A host with its own users omits it."""
