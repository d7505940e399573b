"""The records: what came, what was decided, what is owed."""
