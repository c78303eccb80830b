"""Every conversion of a picture, and nothing that learns."""
