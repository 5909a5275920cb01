"""Yosys: counting, and mapping to cells or to an FPGA."""
