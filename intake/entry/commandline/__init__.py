"""The commands, by whom they serve: names, options and help. What they do is imported when they run."""
