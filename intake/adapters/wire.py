"""What IMAP and SMTP connections share: TLS that is always verified, and words for what went wrong."""

from __future__ import annotations

import ast
import re
import ssl
from pathlib import Path
from typing import Literal, TypeAlias

from intake.ports import Deferred

Security: TypeAlias = Literal["tls", "starttls", "none"]

_BYTES_LITERAL = re.compile(r"""b'(?:[^'\\]|\\.)*'|b"(?:[^"\\]|\\.)*\"""")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_LONGEST = 300


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Certificates and host names are checked; `ca_file` (PEM) takes the place of the system's authorities."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise Deferred(f"cannot read the certificate authorities in {ca_file}: {reason(error)}") from error


def decoded(octets: bytes) -> str:
    """What a server says, as text: QQ refuses a login in GBK."""
    for encoding in ("utf-8", "gb18030"):
        try:
            return octets.decode(encoding)
        except UnicodeDecodeError:
            continue
    return octets.decode("ascii", "backslashreplace")


def one_line(text: str) -> str:
    """Text from outside, fit for one line of a log."""
    line = _UNPRINTABLE.sub(" ", text).strip()
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def reason(error: BaseException) -> str:
    """Why a connection failed, in words for operators."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return one_line(f"the server's certificate is not trusted ({error.verify_message})")
    if isinstance(error, TimeoutError):
        return "no answer in time"
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return one_line(_BYTES_LITERAL.sub(_spoken, text)) or type(error).__name__


def _spoken(literal: re.Match[str]) -> str:
    """The server's words where imaplib shows them as the repr of octets."""
    return decoded(ast.literal_eval(literal[0]))
