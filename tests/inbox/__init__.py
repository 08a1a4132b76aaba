"""Input that moves: a file that is changed, replaced or taken away at each step of its way to the remote.

Whatever happens to it, only bytes that were validated are ever sent, and the file is reported with what became of it.
"""
