"""Reads mails in children: the child takes the mail apart, the parent keeps what it passes on."""
