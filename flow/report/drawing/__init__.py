"""The pictures of a report, as SVG: of spikes, of what was sent, of layers, and of a placement."""
