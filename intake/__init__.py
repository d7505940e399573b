"""The submission intake service: counties e-mail, the service reads, checks, records and answers."""

__version__ = "0.1.0"
