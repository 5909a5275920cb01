"""First design files, drafted from a recording or from what is asked of the chip, and how they are written."""
