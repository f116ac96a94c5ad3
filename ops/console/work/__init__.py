"""Long work: comparison runs and campaigns, what they came to and how far they are."""
