"""The analytic estimate: counts of work times a table of costs."""
