"""Segment a picture and look at the result."""
