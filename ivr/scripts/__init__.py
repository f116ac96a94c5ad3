"""The calls as data: each step by name, what it says, and where each result leads."""
