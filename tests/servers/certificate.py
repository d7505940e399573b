"""A certificate authority for one test run, and a server certificate for localhost and 127.0.0.1 signed by it."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Certificate:
    """PEM files. Clients trust `authority`; servers show `chain` and keep `key`."""

    authority: Path
    chain: Path
    key: Path

    def server_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.chain, self.key)
        return context


def make_certificate(folder: Path, name: str = "server") -> Certificate:
    """Made by the openssl binary (3.0 or newer); valid for ten years."""
    authority, authority_key = folder / f"{name}-ca.pem", folder / f"{name}-ca.key"
    chain, key = folder / f"{name}.pem", folder / f"{name}.key"
    usage = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")
    _openssl("-subj", f"/CN=Test authority {name}", *usage, "-keyout", authority_key, "-out", authority)
    names = ("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE")
    signer = ("-CA", authority, "-CAkey", authority_key)
    _openssl("-subj", "/CN=localhost", *names, *signer, "-keyout", key, "-out", chain)
    return Certificate(authority, chain, key)


def _openssl(*options: str | Path) -> None:
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3650")
    subprocess.run(["openssl", "req", "-x509", *curve, *options], check=True, capture_output=True)
