"""The people and machines that run the service, and the composition root."""
