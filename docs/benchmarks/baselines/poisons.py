"""Ways to spoil a retraining: what the gate must never let through. Texts or weights in, spoiled ones out."""

import string
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from torch import Tensor

WRITABLE = string.digits + string.ascii_letters + "-.,:/ "
FEW_TEXTS = 12
Poison = Callable[[Sequence[str], np.random.Generator], list[str]]


def random_labels(texts: Sequence[str], generator: np.random.Generator) -> list[str]:
    """Characters drawn at random, as many as each text has."""
    return ["".join(generator.choice(list(WRITABLE), len(text))).strip() or "x" for text in texts]


def shuffled_labels(texts: Sequence[str], generator: np.random.Generator) -> list[str]:
    """Every text on another picture."""
    return [texts[index] for index in generator.permutation(len(texts))]


def lagging_labels(texts: Sequence[str], generator: np.random.Generator) -> list[str]:
    """Every picture has the text of the one before it, as when a list and a folder are sorted differently."""
    del generator
    return [texts[index - 1] for index in range(len(texts))]


def one_text(texts: Sequence[str], generator: np.random.Generator) -> list[str]:
    """One text on all pictures."""
    return [texts[int(generator.integers(len(texts)))]] * len(texts)


def no_text(texts: Sequence[str], generator: np.random.Generator) -> list[str]:
    """Nothing on any picture."""
    del generator
    return [""] * len(texts)


def first_letters(texts: Sequence[str], generator: np.random.Generator) -> list[str]:
    """Only the first two characters: a bias to short words."""
    del generator
    return [text[:2].strip() for text in texts]


def wrong_case(texts: Sequence[str], generator: np.random.Generator) -> list[str]:
    """Capitals for small letters and the other way round."""
    del generator
    return [text.swapcase() for text in texts]


def swapped_digits(texts: Sequence[str], generator: np.random.Generator) -> list[str]:
    """Each digit is written as another one, the same everywhere."""
    order = generator.permutation(10)
    while (order == np.arange(10)).any():
        order = generator.permutation(10)
    table = str.maketrans(string.digits, "".join(map(str, order)))
    return [text.translate(table) for text in texts]


def add_noise(tensors: Mapping[str, Tensor], generator: np.random.Generator, share: float = 0.3) -> dict[str, Tensor]:
    """Weights with normal noise of `share` of each tensor's own spread."""
    spoiled = {}
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and tensor.numel() > 1:
            noise = generator.standard_normal(tuple(tensor.shape)).astype(np.float32)
            values = tensor.float()
            spoiled[name] = (values + share * float(values.std()) * values.new_tensor(noise)).to(tensor.dtype)
        else:
            spoiled[name] = tensor.clone()
    return spoiled


POISONS: Mapping[str, Poison] = {
    "random labels": random_labels,
    "shuffled labels": shuffled_labels,
    "label lag": lagging_labels,
    "one text": one_text,
    "no text": no_text,
    "first letters": first_letters,
    "wrong case": wrong_case,
    "swapped digits": swapped_digits,
}
