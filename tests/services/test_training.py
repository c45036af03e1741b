"""Training samples: a list of label errors is put right, everything else stays."""

from pathlib import Path

from PIL import Image

from textrec_app.services.training import load_training_samples


def _write_set(folder: Path, labels: list[str]) -> Path:
    folder.mkdir()
    for index, _ in enumerate(labels):
        Image.new("RGB", (40 + index, 20), (index * 9, 40, 90)).save(folder / f"{index:03d}.png")
    rows = "".join(f"{index:03d}.png\t{label}\n" for index, label in enumerate(labels))
    (folder / "labels.tsv").write_text(rows, encoding="utf-8")
    return folder


def test_wrong_labels_are_corrected_and_the_split_stays(tmp_path: Path) -> None:
    folder = _write_set(tmp_path / "words", [f"word{index}" for index in range(30)])
    table = tmp_path / "corrections.tsv"
    table.write_text("words/003.png\tword3\tWord 3\nwords/004.png\tother\tnever\nnonsense\n", encoding="utf-8")
    plain = load_training_samples([folder])
    corrected = load_training_samples([folder], table)
    for before, after in zip(plain, corrected, strict=True):
        assert [sample.name for sample in before] == [sample.name for sample in after]
    texts = {sample.name: sample.text for part in corrected for sample in part}
    assert texts["003.png"] == "Word 3"
    assert texts["004.png"] == "word4"


def test_no_folders_no_samples() -> None:
    assert load_training_samples([]) == ([], [])
