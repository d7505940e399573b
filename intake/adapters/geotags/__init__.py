"""Where a photo or a film was taken: found in a child, and blanked in a copy of the file."""

from intake.adapters.geotags.eraser import erase

__all__ = ["erase"]
