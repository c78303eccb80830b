"""Translate a picture into its other domain."""
