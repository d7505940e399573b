"""SIGKILL at every system call of a poll, and what must be true afterwards."""
