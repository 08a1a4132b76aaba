"""`make bench`: what a file costs and how soon it is done, as ratios measured side by side in one run."""
