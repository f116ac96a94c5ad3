"""The review room: what waits for a human, one case at a time in somebody's hands, and the voices side by side."""
