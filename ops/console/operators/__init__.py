"""Who judges voices, and how well: figures with their intervals, pictures and files."""
