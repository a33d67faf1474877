"""Renewals: what time starts: trials ending, renewals, dunning, clean-up."""
