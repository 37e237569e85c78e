"""What every request passes that brings something: its body is read, its key remembered, its commit shared."""
