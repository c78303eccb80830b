"""Pictures that the code draws, with their true labels where they have any."""
