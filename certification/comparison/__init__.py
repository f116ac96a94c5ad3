"""The monthly comparison of the roll with records of others: who is certified by them, who not, who is a question."""
