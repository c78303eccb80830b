"""Chains of models: a recipe says which models run on what, the runner carries it out step by step.

A recipe is data alone. It names models by their cards and holds options within bounds, and no path.
"""
