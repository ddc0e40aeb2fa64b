"""Recalls: states, scope, notices, ledger."""
