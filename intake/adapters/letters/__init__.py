"""Letters and digests: from what is to be told to octets on the wire. All words stand in templates/."""
