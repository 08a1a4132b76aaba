"""All the I/O: the clock, the input folder, the ledger, the output folder, HTTP."""
