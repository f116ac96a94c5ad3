"""The commands of `stillhere`, a module for each kind of user."""
