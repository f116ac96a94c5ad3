"""Audit: the journal searched and verified, and who listened to which recording. Auditors change nothing."""
