"""Feature maps of networks, and networks that only measure."""
