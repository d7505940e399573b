"""The office mailbox over IMAP, read only: nothing here sets a flag, moves or deletes. Library: imapclient."""

from intake.adapters.imap.client import ImapSettings
from intake.adapters.imap.mailbox import open_mailbox
from intake.adapters.imap.probe import ImapProbe, probe

__all__ = ["ImapProbe", "ImapSettings", "open_mailbox", "probe"]
