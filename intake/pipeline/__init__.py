"""The stages: receive, examine, deliver, summarise. Each reads, decides, writes in one transaction, and ends."""
