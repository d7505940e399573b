"""Child processes for foreign files: how the parent starts and hears them, how they lock themselves in."""
