"""Real servers for the tests, on loopback and in temporary folders: Dovecot, an SMTP sink, one that lies."""
