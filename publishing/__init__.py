"""Puts Segen on the Hugging Face hub: the page as a Space, a card as a model; see docs/publish.md."""
