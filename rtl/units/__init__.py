"""Units that samples pass through, and what feeds and clocks them, each a component of its own."""
