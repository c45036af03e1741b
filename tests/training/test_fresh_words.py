"""New words in every batch, finished on the training device."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.support.faces import find_some_fonts
from tests.support.pictures import draw_word
from textrec_app.data.crop_pool import pool_in_memory
from textrec_app.data.word_batches import WeightedPool
from textrec_app.errors import InputError
from textrec_app.training.fresh_words import ComposesOnDevice, FreshWordSource
from textrec_app.training.recipes import get_recognizer_recipe
from textrec_app.training.recognizer import RecognizerRun, train_recognizer
from textrec_app.training.word_pools import RenderMaterial

CPU = torch.device("cpu")
RECIPE = get_recognizer_recipe("tiny")


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> RenderMaterial:
    folder: Path = tmp_path_factory.mktemp("fonts")
    for number, face in enumerate(find_some_fonts().faces[1:8]):
        (folder / f"{number}{Path(face.path).suffix}").symlink_to(face.path)
    return RenderMaterial(fonts=folder if any(folder.iterdir()) else None, with_system_fonts=False)


@pytest.fixture(scope="module")
def source(material: RenderMaterial) -> FreshWordSource:
    return FreshWordSource(material, _given(), RECIPE, share=0.5)


def _given() -> list[WeightedPool]:
    words = ["one", "eleven", "t", "seventeen"]
    return [WeightedPool(pool_in_memory((draw_word(word), word) for word in words), 1.0, loss_weight=0.5)]


def test_batches_follow_from_the_step_and_never_repeat(material: RenderMaterial) -> None:
    source = FreshWordSource(material, (), RECIPE)
    other = pickle.loads(pickle.dumps(source))
    texts = set()
    for step in range(4):
        batch, again = source.batch(step, 0, 1), other.batch(step, 0, 1)
        images = source.to_tensor(batch, CPU)
        assert batch.texts == again.texts
        assert torch.equal(images, other.to_tensor(again, CPU))
        assert images.shape[0] == len(batch.texts) == len(batch.weights)
        assert images.shape[1:3] == (3, 32)
        assert -1 <= images.min() <= images.max() <= 1
        texts.add(tuple(batch.texts))
    assert len(texts) == 4
    assert source.batch(0, 1, 2).texts != source.batch(0, 0, 2).texts


def test_given_crops_keep_their_share_labels_and_weights(source: FreshWordSource) -> None:
    assert isinstance(source, ComposesOnDevice)
    given = total = 0
    for step in range(30):
        batch = source.batch(step, 0, 1)
        count = len(batch.images)
        given, total = given + count, total + len(batch.texts)
        assert set(batch.texts[:count]) <= {"one", "eleven", "t", "seventeen"}
        assert np.all(batch.weights[:count] == 0.5)
        assert np.all(batch.weights[count:] == 1.0)
        if count:
            expected = batch.images.transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1
            np.testing.assert_allclose(source.to_tensor(batch, CPU)[:count].numpy(), expected, atol=1e-6)
    assert 0.25 < given / total < 0.75


def test_a_share_that_cannot_be_is_refused(material: RenderMaterial) -> None:
    with pytest.raises(InputError, match=r"1\.5"):
        FreshWordSource(material, (), RECIPE, share=1.5)


def test_a_recognizer_trains_on_fresh_words(source: FreshWordSource, tmp_path: Path) -> None:
    run = RecognizerRun(tmp_path, RECIPE, [], source=source, device="cpu")
    result = train_recognizer(run, should_stop=_StopAfter(3))
    assert result.step >= 1
    assert result.checkpoint.is_file()


class _StopAfter:
    def __init__(self, asked: int) -> None:
        self.left = asked

    def __call__(self) -> str | None:
        self.left -= 1
        return None if self.left > 0 else "stopped"
