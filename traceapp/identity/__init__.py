"""Staff: sign-in, roles and the permission table, API tokens, rate limits."""
