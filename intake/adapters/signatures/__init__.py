"""Checks DKIM signatures (RFC 6376): keys are asked for here, a child does the rest."""
