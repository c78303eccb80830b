"""Networks that translate a picture into another domain."""
