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


def make_certificate(folder: Path, name: str = "server", host: str = "localhost") -> Certificate:
    """Made by the openssl binary (3.0 or newer); valid for ten years; that of localhost names 127.0.0.1, too."""
    authority, authority_key = folder / f"{name}-ca.pem", folder / f"{name}-ca.key"
    chain, key = folder / f"{name}.pem", folder / f"{name}.key"
    usage = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")
    _openssl("-subj", f"/CN=Test authority {name}", *usage, "-keyout", authority_key, "-out", authority)
    address = ",IP:127.0.0.1" if host == "localhost" else ""
    names = ("-addext", f"subjectAltName=DNS:{host}{address}", "-addext", "basicConstraints=critical,CA:FALSE")
    signer = ("-CA", authority, "-CAkey", authority_key)
    _openssl("-subj", f"/CN={host}", *names, *signer, "-keyout", key, "-out", chain)
    return Certificate(authority, chain, key)


_REGISTER = """
[ca]
default_ca = us
[us]
database = {folder}/register
new_certs_dir = {folder}
rand_serial = yes
default_md = sha256
copy_extensions = copy
policy = any
[any]
commonName = supplied
"""


def make_expired_certificate(folder: Path) -> Certificate:
    """Right in everything, and its time was one day in 2020."""
    made = make_certificate(folder, "expired")
    (folder / "register").touch()
    (folder / "ca.conf").write_text(_REGISTER.format(folder=folder))
    request = folder / "request.pem"
    names = ("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
    _run("req", "-new", "-key", made.key, "-subj", "/CN=localhost", *names, "-out", request)
    dates = ("-startdate", "20200101000000Z", "-enddate", "20200102000000Z")
    signer = ("-cert", made.authority, "-keyfile", folder / "expired-ca.key")
    _run("ca", "-batch", "-notext", "-config", folder / "ca.conf", *signer, *dates, "-in", request, "-out", made.chain)
    return made


def _openssl(*options: str | Path) -> None:
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3650")
    _run("req", "-x509", *curve, *options)


def _run(*command: str | Path) -> None:
    subprocess.run(["openssl", *command], check=True, capture_output=True)
