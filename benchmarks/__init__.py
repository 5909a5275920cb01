"""Speed and cost, beside a named reference in the same run."""
