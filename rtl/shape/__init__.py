"""The shape of the hardware, as plain data: sizes, steps, timing, storage. Nothing here knows Amaranth."""
