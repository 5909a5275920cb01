"""The shape of the hardware, as plain data: sizes, steps, timing, storage, contents. Nothing here knows Amaranth."""
