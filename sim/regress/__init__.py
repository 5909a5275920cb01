"""What a regression has found, put together."""
