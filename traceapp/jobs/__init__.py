"""What happens by itself: one leading scheduler, sweeps over rows, effects that happen once."""
