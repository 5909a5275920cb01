"""Every table and figure of the results, one file an experiment."""
