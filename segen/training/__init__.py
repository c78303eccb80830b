"""Training: one loop for every recipe, one file of recipes for each family."""
