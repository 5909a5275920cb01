"""Memories: what is in them, what holds them, and how words are read and kept."""
