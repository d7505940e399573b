"""Looking for malware with ClamAV's daemon, over its socket."""

from intake.adapters.scanning.clamd import Blind, Clamd, Endpoint, endpoint

__all__ = ["Blind", "Clamd", "Endpoint", "endpoint"]
