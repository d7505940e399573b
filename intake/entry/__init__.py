"""Where the service is started from: configuration, wiring, the clockwork, the command line."""
