"""Files of other programs: decoded spikes to NWB and phy, snippets in Zarr."""
