"""Components that several tabs show, each with its script and style beside it."""
