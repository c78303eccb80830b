"""A pixel classifier that a few strokes teach: features, trees, and edges brought back."""
