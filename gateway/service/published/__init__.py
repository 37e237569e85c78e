"""What the service publishes of itself: its answers, lists and refusals by their shapes, and their schema."""
