"""Whatever happens in whatever order: a machine that deals the world's cards, and what must be true after each."""
