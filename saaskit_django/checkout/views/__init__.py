"""The endpoints of checkout."""
