"""Makers of sample files: small, deterministic, made in memory with the libraries the service itself uses."""
