"""Chains of models: each works on what another made."""
