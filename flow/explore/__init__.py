"""Searching for designs: what may be chosen, how a choice is tried, on which workers, and which are the best."""
