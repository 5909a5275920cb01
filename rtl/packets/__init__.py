"""From indices and events to packets."""
