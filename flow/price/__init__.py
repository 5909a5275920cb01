"""What a design will cost, before anything is trained: area, cycles, energy, channels."""
