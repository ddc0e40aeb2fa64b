"""ICH E2B(R3) individual case safety reports: read, write, check, and what a case report becomes in them. Pure."""
