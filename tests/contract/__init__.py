"""What every target promises, whichever remote is behind it."""
