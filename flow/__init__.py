"""The stages strung together: command line, caching by content, report."""
