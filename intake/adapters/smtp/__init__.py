"""Letters out over SMTP (RFC 5321). Library: smtplib."""

from intake.adapters.smtp.connection import SmtpProbe, SmtpSettings, probe
from intake.adapters.smtp.courier import open_courier

__all__ = ["SmtpProbe", "SmtpSettings", "open_courier", "probe"]
