"""What the stages found, gathered: a JSON file, a page, a table."""
