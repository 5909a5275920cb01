"""Units that samples pass through, each a component of its own."""
