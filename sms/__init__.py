"""The text line: reminders that arrive, replies understood as people type them, each message sent once."""
