"""What to synthesize for: one file a process, everything peculiar to it, and the FPGAs."""
