"""`make bench`: how fast the line is on this machine, as ratios within one run; nothing here is a test."""
