"""Speaker verification over a telephone: audio in, numbers out."""
