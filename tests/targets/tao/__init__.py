"""TAO alone: what the contract of all targets does not ask."""
