"""`serve` for a long while, with mail that keeps coming and SIGKILL that keeps coming."""
