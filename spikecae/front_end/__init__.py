"""From raw samples to spikes: converter, contacts, and the golden detector."""
