"""The real pipeline on virtual time, against remotes that misbehave as a seed says, killed and started again."""
