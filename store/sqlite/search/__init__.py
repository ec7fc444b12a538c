"""The search index: an optional file beside the store that tells which few rows may hold a word.

It answers what the scan answers, any part of a word, and nothing but: what it finds are candidates
that every condition is asked of again, in the store and within the scope. What it does not know
(the newest rows, those without an end, older ones while it is made) is scanned. So it may be
behind, or missing, or deleted at any time, and nobody notices but by the time a search takes.

    rows -> slots (about 25 rows) -> planes (8 slots) -> segments (127 planes)

Of the words of a slot every run of four characters sets two of `WIDTH` bits (a Bloom filter). A
segment keeps bits by position, each a slice of one bit a slot: a search ands the slices of its
runs, a few for each segment, and has the slots that may hold them. No word can be read there.
"""
