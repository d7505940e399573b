"""Reading mail: from spooled octets to a Message and its Materials, with memory bounded whatever the size."""
