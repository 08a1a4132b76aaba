"""How much of a file may wait in memory for its end. Beyond that the file is at fault, not the row."""

from __future__ import annotations

# Characters of one cell's value, as in the standard library's csv module.
FIELD_LIMIT = 131_072

# Characters of one record without its line end: eight of the widest cells.
RECORD_LIMIT = 1_048_576

# A record with more cells is not split further; it has the wrong number of columns, whatever they hold.
CELL_LIMIT = 1_000

# Values of one file that must differ, of which memory holds as many: some 110 bytes each. Of the rest a disk holds the
# digests. A few more, and a dictionary would double.
KEYS_HELD = 690_000

# So many, and no more, where they have no place on a disk.
KEY_LIMIT = 1_000_000

# Rows of one file that may be mended in a list; memory holds them while it is judged.
MENDED_LIMIT = 100_000
