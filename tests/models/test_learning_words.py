"""Every recognizer learns eight drawn words by heart, and says where it looked."""

import cv2
import numpy as np
import pytest
import torch

from tests.support.recognizers import CHARSET, NAMES, create_small

WORDS = ("TEN", "NET", "EAT", "TEA", "ANT", "TAN", "ANNE", "A")


def _drawn(words: tuple[str, ...]) -> torch.Tensor:
    crops = np.full((len(words), 32, 64, 3), 230, np.uint8)
    for crop, word in zip(crops, words, strict=True):
        cv2.putText(crop, word, (2, 23), cv2.FONT_HERSHEY_SIMPLEX, 0.65, (20, 20, 20), 2, cv2.LINE_AA)
    return torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 127.5 - 1.0


@pytest.mark.parametrize("name", NAMES)
def test_eight_drawn_words_are_learnt_and_the_maps_stay_on_the_crop(name: str) -> None:
    network = create_small(name)
    images, targets = _drawn(WORDS), [CHARSET.encode(word) for word in WORDS]
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=0.0)
    texts: list[str] = []
    for step in range(400):
        network.train()
        optimizer.zero_grad()
        network(images, targets).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        if step % 20 == 19:
            with torch.inference_mode():
                decoded = network.eval().decode(network(images), CHARSET)
            texts = [item.text for item in decoded]
            if texts == list(WORDS):
                break
    assert texts == list(WORDS)
    with torch.inference_mode():
        maps = network.character_maps(images[:1], decoded[0])
    assert maps.shape[0] == 3
    assert float(maps.min()) >= 0.0
    assert float(maps.flatten(1).sum(dim=1).min()) > 0.0
