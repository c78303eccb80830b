"""Draw pictures from seeds, and look into the space they come from."""
