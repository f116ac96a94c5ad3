"""The telephone line: calls as data, spoken turns, prompts and hearing."""
