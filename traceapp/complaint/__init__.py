"""Complaints: intake, triage, handling."""
