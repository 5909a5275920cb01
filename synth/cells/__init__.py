"""Cell libraries: reading Liberty files, and what a cell does."""
