"""Reports: what a night's count found, in tables, pictures and files."""
