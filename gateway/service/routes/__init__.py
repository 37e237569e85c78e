"""What the service answers to, one module for each thing that somebody may want of it."""
