"""All models in a table and in plots, one card opened at a time; what the studies measured."""
