"""What linear encoders might have in place of levels, a map alone or a linear decoder: each as a prototype."""
