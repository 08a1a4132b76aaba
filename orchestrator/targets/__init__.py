"""The remote APIs that this program can talk to."""
