"""The documented credentials of the trial account: they open nothing but this emulator, whichever API it speaks."""

from __future__ import annotations

TRIAL_CLIENT_ID = "sandbox-trial-client"
# The characters are there so that a client which forgets to form-encode the secret, or does so twice, is found out.
TRIAL_CLIENT_SECRET = "not+a/real %2B=secret&:ß"  # noqa: S105  # a documented trial value, not a secret
TRIAL_API_KEY = "00000000-0000-4000-8000-00005A4DB0C5"
TRIAL_SESSION_ID = "5a4db0c500000000000000e1"
"""A session of Endgrate that somebody has configured already."""
