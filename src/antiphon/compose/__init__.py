"""What a composer does: brief, plan, takes, choice, finish."""
