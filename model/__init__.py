"""Floats: network, training, data sets, baselines and metrics."""
