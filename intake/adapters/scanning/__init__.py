"""Looking for malware with ClamAV's daemon, over its socket."""

from intake.adapters.scanning.clamd import Clamd, Endpoint, endpoint

__all__ = ["Clamd", "Endpoint", "endpoint"]
