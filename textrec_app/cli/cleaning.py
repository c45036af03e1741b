"""`audit`: which labels of a data set are probably wrong."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from textrec_app.cli.console import print_line, show_progress
from textrec_app.settings import load_settings

commands = typer.Typer()


@commands.command("audit")
def audit(
    data: Annotated[list[Path], typer.Option(metavar="DIR", help="Labeled words; several, or repeated.")],
    out: Annotated[Path, typer.Option(metavar="TSV", help="Where to write the doubtful labels.")],
    weights: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", help="Judges; N of them, the k-th trained with --leave-out k/N.", show_default=False
        ),
    ] = None,
) -> None:
    """List labels that a recognizer reads otherwise, the most doubtful first, for a person to look at.

    The columns are set/file, label, reading, score, difference. After a look at the pictures, lines of the first
    three columns are a table for `train --corrections`; an empty third column leaves the sample out, a fourth of 90,
    180 or 270 turns it.
    """
    from models.weights import PRETRAINED_DIR
    from textrec_app.data.recognition_sets import load_recognition_set
    from textrec_app.services.label_cleaning import find_label_doubts, write_label_doubts

    samples = [sample for folder in data for sample in load_recognition_set(folder)]
    judges = weights or [PRETRAINED_DIR / "recognizer.safetensors"]
    with show_progress("Reading words") as move:
        doubts = find_label_doubts(samples, judges, load_settings().device, move)
    write_label_doubts(out, doubts)
    kinds = Counter(doubt.difference for doubt in doubts)
    told = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    print_line(f"{len(doubts)} of {len(samples)} labels are doubtful ({told or 'none'}), written to {out}")
