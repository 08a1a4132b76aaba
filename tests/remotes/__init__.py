"""Remotes to test against: what a bulk-import API may be like, each with a record of what truly happened there."""
