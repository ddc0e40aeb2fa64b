"""What every package may use: errors, clock, actor, ids, quantity. Pure."""
