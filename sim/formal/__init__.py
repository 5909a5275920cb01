"""Proofs: properties of components, stated in Amaranth and put to an SMT solver."""
