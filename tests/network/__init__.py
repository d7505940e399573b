"""The network breaks, at every octet of a session, between the service and real servers."""
