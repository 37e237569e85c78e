"""What the portal calls us for (contract 7): its calls read, taken in, and answered in its words."""
