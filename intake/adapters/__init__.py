"""One foreign library or system each; its shapes stop here."""
