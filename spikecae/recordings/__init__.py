"""Continuous recordings of SpikeInterface in, and spikes for it out again: what the extra ``spikeinterface`` is for."""
