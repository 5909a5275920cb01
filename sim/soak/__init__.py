"""Hours of spikes through the batch simulator, over processes."""
