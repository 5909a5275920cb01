"""From columns of latents to levels, and from levels to symbols."""
