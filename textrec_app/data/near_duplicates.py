"""Find word pictures that are nearly the same, so that none is trained on while its twin is validated on."""

import io
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from PIL import Image

from textrec_app.data.samples import RecognitionSample
from textrec_app.errors import InputError

MAX_DISTANCE = 10
TWIN_DISTANCE = 16  # a copy at a third of the size differs in up to so many bits
_ROWS, _COLUMNS = 8, 9


def group_near_duplicates(samples: Sequence[RecognitionSample], max_distance: int = MAX_DISTANCE) -> list[int]:
    """Give near-duplicates the same group number.

    Two samples are near-duplicates if their texts are the same but for case and spaces, and their difference
    hashes differ in at most `max_distance` of 64 bits. The relation is made transitive.

    Returns:
        One group number for each sample: the index of the group's first sample.
    """
    same_text: dict[str, list[int]] = defaultdict(list)
    for index, sample in enumerate(samples):
        same_text["".join(sample.text.casefold().split())].append(index)
    parents = list(range(len(samples)))
    for members in same_text.values():
        if len(members) > 1:
            hashes = [compute_difference_hash(samples[index]) for index in members]
            _join_similar(members, hashes, parents, max_distance)
    return [_find_root(parents, index) for index in range(len(samples))]


def drop_twins(
    samples: Sequence[RecognitionSample], held_back: Sequence[RecognitionSample], max_distance: int = TWIN_DISTANCE
) -> list[RecognitionSample]:
    """Leave out samples that are near-duplicates of held-back ones, under a wider rule than the split's.

    Twins have the same letters and digits, case aside (the same characters where there are none), and difference
    hashes that differ in at most `max_distance` of 64 bits. The held-back part stays as it is.

    Returns:
        The samples that stay, in their order.
    """
    hashes: dict[str, list[int]] = defaultdict(list)
    for sample in held_back:
        hashes[_letters(sample.text)].append(compute_difference_hash(sample))
    kept = []
    for sample in samples:
        rivals = hashes.get(_letters(sample.text))
        if rivals:
            own = compute_difference_hash(sample)
            if min((own ^ rival).bit_count() for rival in rivals) <= max_distance:
                continue
        kept.append(sample)
    return kept


def group_by_hash(hashes: Sequence[str], max_distance: int = MAX_DISTANCE, founders: Sequence[str] = ()) -> list[str]:
    """Give every hash the nearest earlier hash that founded a group, if that is near enough; else it founds one.

    More hashes at the end never change the groups of those before them, and groups do not grow along chains.

    Args:
        hashes: 16 hexadecimal digits each, oldest first.
        max_distance: so many of the 64 bits may differ.
        founders: hashes that founded groups before.

    Returns:
        For each hash the founder of its group.
    """
    known = np.empty(len(founders) + len(hashes), np.uint64)
    known[: len(founders)] = [int(text, 16) for text in founders]
    groups: list[str] = []
    count = len(founders)
    for text in hashes:
        bits = np.uint64(int(text, 16))
        distances = np.bitwise_count(known[:count] ^ bits)
        nearest = int(distances.argmin()) if count else 0
        if not count or distances[nearest] > max_distance:
            known[count], nearest = bits, count
            count += 1
        groups.append(f"{int(known[nearest]):016x}")
    return groups


def compute_difference_hash(sample: RecognitionSample) -> int:
    """64-bit hash of a small grey version: each bit says whether a cell is brighter than its right neighbour.

    Raises:
        InputError: the picture cannot be decoded.

    Source:
        Krawetz, "Kind of like that", 2013 (dHash).
    """
    try:
        with Image.open(io.BytesIO(sample.source.read_bytes())) as picture:
            grey = picture.convert("L")
    except OSError as error:
        raise InputError(f"{sample.name} cannot be read ({error}). Remove it from the data set.") from None
    if sample.quad is not None:
        (left, top), (right, bottom) = np.min(sample.quad, axis=0), np.max(sample.quad, axis=0)
        grey = grey.crop((int(left), int(top), max(int(right), int(left) + 1), max(int(bottom), int(top) + 1)))
    cells = np.asarray(grey.resize((_COLUMNS, _ROWS), Image.Resampling.BOX), dtype=np.int16)
    bits = (cells[:, :-1] > cells[:, 1:]).ravel()
    return int("".join("1" if bit else "0" for bit in bits), 2)


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum()) or text.strip()


def _join_similar(members: Sequence[int], hashes: Sequence[int], parents: list[int], max_distance: int) -> None:
    for position, index in enumerate(members):
        for earlier in range(position):
            if (hashes[position] ^ hashes[earlier]).bit_count() <= max_distance:
                first, second = sorted((_find_root(parents, index), _find_root(parents, members[earlier])))
                parents[second] = first


def _find_root(parents: list[int], index: int) -> int:
    while parents[index] != index:
        index = parents[index]
    return index
