"""Changes to a running market: what they are, what they do to those who have debt, and their way through the timelock."""
