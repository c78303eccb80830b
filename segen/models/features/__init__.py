"""What networks compute on the way, and networks that only measure."""
