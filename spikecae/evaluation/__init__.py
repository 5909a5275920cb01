"""How well an encoder does on spikes: its quality, an entropy-coded PCA beside it, and what both come to, as a page."""
