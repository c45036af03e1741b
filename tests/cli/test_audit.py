"""`audit` and the options of `train` that belong to it, as a person types them."""

from pathlib import Path

from tests.cli.conftest import Run
from tests.support.pictures import WORDS


def test_doubtful_labels_are_written_ranked_and_summed_up(
    run: Run, tmp_path: Path, tiny_weights: Path, word_set: Path
) -> None:
    out = tmp_path / "doubts.tsv"
    outcome = run("audit", "--data", word_set, "--out", out, "--weights", tiny_weights / "recognizer.safetensors")
    assert outcome.code == 0
    header, *rows = out.read_text(encoding="utf-8").splitlines()
    assert header.startswith("# set/file\tlabel\treading\tscore")
    scores = [float(row.split("\t")[3]) for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert f"{len(rows)} of {len(WORDS) * 3} labels are doubtful" in outcome.stdout


def test_training_takes_weights_of_folders_and_leaves_a_fold_out(run: Run, tmp_path: Path, word_set: Path) -> None:
    common = ("train", "recognizer", "--recipe", "tiny", "--rendered", 0, "--minutes", 0.001)
    done = run(*common, "--data", f"{word_set}=2", "--leave-out", "1/2", "--out", tmp_path / "run")
    assert (done.code, done.lines[0]["state"]) == (0, "paused")
    for wrong, told in (
        (("--data", f"{word_set}=x"), "no weight"),
        (("--data", word_set, "--leave-out", "2"), "no fold"),
    ):
        outcome = run(*common, *wrong, "--out", tmp_path / "other")
        assert (outcome.code, told in outcome.stderr) == (2, True)
