"""Reads for staff: aggregates of the database, exact and per currency."""
