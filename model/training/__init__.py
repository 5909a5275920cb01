"""Training: the loop, what it augments and reports, and how it resumes."""
