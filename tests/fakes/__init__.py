"""Stand-ins for our own ports, in memory. Each passes the same contract suite as the real one (tests/contracts)."""
