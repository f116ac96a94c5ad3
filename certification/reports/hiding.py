"""Small numbers hidden where they are shown, so that a table tells of nobody: with those from which they would follow.

A number from 1 to LEAST - 1 is hidden. Beside a total, one hidden number alone would be the total less the others, and
several that are all as small or as large as they can be would be known as well: so the smallest other is hidden with
them, nought before any, until none of that holds (complementary suppression). Otherwise nought is shown: it tells that
something happened to nobody. A group in which much went wrong stays to be seen wherever there is a smaller one. What
several tables with different filters tell when held against each other is not hidden: whoever opens these pages may see
the people themselves, and a file that leaves is journalled.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

LEAST = 10


def hidden(counts: Sequence[int], least: int = LEAST, also: Collection[int] = ()) -> frozenset[int]:
    """Which of these counts, that add up to a total which is shown, are hidden; `also`: those that are in any case."""
    found = {at for at, count in enumerate(counts) if 0 < count < least} | set(also)
    for _, at in sorted((count, at) for at, count in enumerate(counts) if at not in found):
        together = sum(counts[one] for one in found)
        told = together in (len(found), (least - 1) * len(found))  # each the least that it can be, or the most
        if not found or (len(found) > 1 and not told):
            break
        found.add(at)
    return frozenset(found)
