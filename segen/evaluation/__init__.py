"""A card measured on a split of a data set."""
