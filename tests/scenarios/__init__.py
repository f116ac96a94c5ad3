"""What each city of the newspaper does, from outside: a row of regions.md a file."""
