"""What a user would pick instead: PCA, transforms, compressed sensing, product quantizers, and the bound."""
