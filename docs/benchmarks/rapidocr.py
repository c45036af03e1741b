"""RapidOCR's recognizer and ours on the same crops, in one run: milliseconds, texts, their ratio.

    python -m docs.benchmarks.rapidocr LABELED_FOLDER [--their-python PATH] [--limit 300] [--rounds 7] [--threads 2]

Every engine runs in a process of its own, so that each may live in its own environment: RapidOCR in the one of
--their-python (`pip install rapidocr onnxruntime`), ours in this one. Crops go in, texts come out; decoding the
picture files is not counted. The rounds alternate between the engines, and medians over rounds are compared, so
that other work on the machine disturbs both alike; with --threads 1 the processor times (`_cpu`) hardly feel it.
While one engine works the other waits for its turn.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

BATCH = 32
WAYS = ("alone", "batches")
CPU_WAYS = ("alone_cpu", "batches_cpu")
ROOT = Path(__file__).resolve().parents[2]
Crops = list[np.ndarray]
Read = Callable[[Crops], list[str]]


def main() -> None:
    """Measure both engines, or be one of them."""
    arguments = parse_arguments()
    if arguments.engine:
        serve(arguments)
    else:
        print(json.dumps(compare(arguments), indent=2, ensure_ascii=False))


def parse_arguments() -> argparse.Namespace:
    """The command line; --engine is for the processes that this script starts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a folder of word crops with labels.tsv: path, tab, text")
    parser.add_argument("--their-python", default=sys.executable, help="a Python that has rapidocr")
    parser.add_argument("--weights", type=Path, default=ROOT / "models/pretrained/recognizer.safetensors")
    parser.add_argument("--limit", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--engine", choices=("ours", "ours-onnx", "theirs"), help=argparse.SUPPRESS)
    return parser.parse_args()


def compare(arguments: argparse.Namespace) -> dict[str, object]:
    """Run the engines in turns; returns what is printed."""
    labels = [label for _, label in list_samples(arguments)]
    pythons = {"ours": sys.executable, "theirs": arguments.their_python}
    if arguments.weights.with_suffix(".onnx").is_file():
        pythons["ours-onnx"] = sys.executable
    engines = {name: start_engine(name, python) for name, python in pythons.items()}
    times: dict[str, dict[str, list[float]]] = {name: {way: [] for way in (*WAYS, *CPU_WAYS)} for name in engines}
    report: dict[str, object] = {"crops": len(labels), "threads": arguments.threads, "rounds": arguments.rounds}
    for round_number in range(arguments.rounds):
        order = list(engines) if round_number % 2 == 0 else list(engines)[::-1]
        for way in WAYS:
            for name in order:
                wall, processor = ask(engines[name], way).split()
                times[name][way].append(float(wall))
                times[name][f"{way}_cpu"].append(float(processor))
    for name, engine in engines.items():
        texts = json.loads(ask(engine, "texts"))
        report[name] = {f"ms_{way}": round(statistics.median(spent), 3) for way, spent in times[name].items()} | {
            "alnum36": round(score(labels, texts), 2),
            "peak_memory_mb": float(ask(engine, "memory")),
            "version": ask(engine, "version"),
        }
        engine.communicate("", timeout=60)
    for name in engines:
        if name != "theirs":
            report[f"{name} / theirs"] = {way: ratio(times, name, way) for way in times[name]}
    return report


def ratio(times: dict[str, dict[str, list[float]]], name: str, way: str) -> float:
    """Our median milliseconds over theirs."""
    return round(statistics.median(times[name][way]) / statistics.median(times["theirs"][way]), 3)


def start_engine(name: str, python: str) -> subprocess.Popen[str]:
    """A process that answers one line for each line."""
    threads = next((sys.argv[i + 1] for i, word in enumerate(sys.argv[:-1]) if word == "--threads"), "2")
    environment = os.environ | {"OMP_NUM_THREADS": threads, "PYTHONPATH": str(ROOT) if name != "theirs" else ""}
    # -P: else this file would be found under the name of the package that it measures
    command = [python, "-P", str(Path(__file__).resolve()), *sys.argv[1:], "--engine", name]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


def ask(engine: subprocess.Popen[str], question: str) -> str:
    """An engine's answer; what its libraries print in between is passed over."""
    if engine.stdin is None or engine.stdout is None:
        raise SystemExit("the engine has no pipes")
    engine.stdin.write(question + "\n")
    engine.stdin.flush()
    for line in engine.stdout:
        if line.startswith("> "):
            return line[2:].strip()
    raise SystemExit(f"an engine ended; is its package installed? ({' '.join(map(str, engine.args))})")


def serve(arguments: argparse.Namespace) -> None:
    """Be one engine: read crops as asked on standard input."""
    cv2.setNumThreads(arguments.threads)
    crops = [cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB) for path, _ in list_samples(arguments)]
    read, version = load_theirs(arguments) if arguments.engine == "theirs" else load_ours(arguments)
    if arguments.engine == "theirs":
        crops = [np.ascontiguousarray(crop[:, :, ::-1]) for crop in crops]  # it takes BGR
    texts = read(crops[:BATCH]) and read(crops)
    answers: dict[str, Callable[[], str]] = {
        "alone": lambda: time_ms(read, [[crop] for crop in crops], len(crops)),
        "batches": lambda: time_ms(read, chunks(crops), len(crops)),
        "texts": lambda: json.dumps(texts),
        "memory": lambda: f"{peak_memory_mb():.1f}",
        "version": lambda: version,
    }
    for line in sys.stdin:
        if line.strip():
            print("> " + answers[line.strip()](), flush=True)


def load_ours(arguments: argparse.Namespace) -> tuple[Read, str]:
    """TextRec's recognizer as the app uses it."""
    import torch

    from textrec_app.pipeline.recognition import Recognizer

    torch.set_num_threads(arguments.threads)
    runtime = "onnx" if arguments.engine == "ours-onnx" else "torch"
    recognizer = Recognizer.load(arguments.weights, "cpu", runtime)
    version = f"{recognizer.card.name}@{recognizer.card.version}, {recognizer.runner.name}, torch {torch.__version__}"
    return lambda crops: [reading.text for reading in recognizer.read(crops)], version


def load_theirs(arguments: argparse.Namespace) -> tuple[Read, str]:
    """RapidOCR's recognizer alone, with the models of its package."""
    from importlib.metadata import version

    from rapidocr import RapidOCR
    from rapidocr.ch_ppocr_rec import TextRecInput

    engine = RapidOCR(
        params={
            "Rec.rec_batch_num": BATCH,
            "EngineConfig.onnxruntime.intra_op_num_threads": arguments.threads,
            "Global.log_level": "error",
        }
    )
    recognizer = engine._load_rec_model()

    def read(crops: Crops) -> list[str]:
        return list(recognizer(TextRecInput(img=crops)).txts)

    model = f"{engine.cfg.Rec.ocr_version} {engine.cfg.Rec.model_type}"
    return read, f"rapidocr {version('rapidocr')}, {model}, onnxruntime {version('onnxruntime')}"


def list_samples(arguments: argparse.Namespace) -> list[tuple[Path, str]]:
    """The first crops of the folder and their texts."""
    lines = (arguments.folder / "labels.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t", 1) for line in lines if line.strip()][: arguments.limit]
    return [(arguments.folder / name, text) for name, text in rows]


def chunks(crops: Crops) -> list[Crops]:
    """Batches in the order of the folder."""
    return [crops[start : start + BATCH] for start in range(0, len(crops), BATCH)]


def time_ms(read: Read, calls: list[Crops], count: int) -> str:
    """Milliseconds a crop by the clock, and of processor time (all threads, waiting ones that spin included)."""
    began, began_processor = time.perf_counter(), time.process_time()
    for call in calls:
        read(call)
    spent = (time.perf_counter() - began, time.process_time() - began_processor)
    return " ".join(f"{1e3 * seconds / count:.6f}" for seconds in spent)


def score(labels: list[str], texts: list[str]) -> float:
    """Percent of words right in lower case, letters and digits only."""
    plain = [
        ["".join(filter(str.isalnum, text.lower().encode("ascii", "ignore").decode())) for text in side]
        for side in (labels, texts)
    ]
    return 100.0 * sum(left == right for left, right in zip(*plain, strict=True)) / max(1, len(labels))


def peak_memory_mb() -> float:
    """Most megabytes that this process held."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


if __name__ == "__main__":
    main()
