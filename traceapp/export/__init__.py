"""Pure renderers of values already read."""
