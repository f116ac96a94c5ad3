"""The ladder: people who are not certified are reached by one way after the other; a success stops it."""
