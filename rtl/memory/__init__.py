"""Memories: what holds them, and how words are read and kept."""
