"""Figures for staff: recurring revenue, what moved it, and who subscribes to what. Optional."""
