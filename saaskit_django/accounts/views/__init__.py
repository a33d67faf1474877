"""The endpoints of accounts, one module per concern."""
