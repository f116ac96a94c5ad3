"""Reports: how people fared, counted once by a job into small tables of counts, and whether any group fares worse."""
