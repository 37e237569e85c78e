"""One folder per partner system."""
