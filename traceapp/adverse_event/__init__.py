"""Adverse events: assessment of what happened."""
