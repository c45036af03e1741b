"""Read rendered words with a network and note where it looked, beside where everything was drawn."""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.charset import Charset
from models.recognition.ctc import DecodedText
from models.recognition.ctc_alignment import align_text
from models.recognition.glyph_network import GlyphExplanation, GlyphNetwork, GlyphReading
from models.recognition.text_network import TextNetwork
from models.recognition.tokens import even_spans, token_greedy_decode
from textrec_app.data.buckets import batch_by_width, resize_to_bucket
from textrec_app.data.glyph_masks import glyph_mask_kmeans
from textrec_app.data.synthesis.backgrounds import load_backgrounds
from textrec_app.data.word_effects.probe_words import PROBE_SETS, ProbeWord, render_probe_words
from textrec_app.data.word_effects.surfaces import PhotoBank
from textrec_app.evaluation.glyph_report import WordFinding
from textrec_app.evaluation.glyphs import Alignment, compute_alignment, compute_mask_iou, find_centres_x
from textrec_app.training.recognizer import crops_to_tensor
from textrec_app.training.word_pools import RenderMaterial, create_ink_source

BATCH = 32
INK = 0.5


def render_probe_sets(
    material: RenderMaterial, charset: Charset, count: int, seed: int = 0
) -> dict[str, list[ProbeWord]]:
    """Draw the words of every set, in the order of `PROBE_SETS`; scanning the fonts takes seconds.

    Args:
        charset: characters that may occur; a space never does.
        count: words of each set.

    Raises:
        InputError: the material is missing, or has no fitting words.
    """
    source = create_ink_source(material)
    bank = PhotoBank(load_backgrounds(material.backgrounds), torch.device("cpu"))
    letters = charset.characters.replace(" ", "")
    return {name: render_probe_words(name, count, source, bank, letters, seed) for name in PROBE_SETS}


def observe_words(
    network: TextNetwork,
    charset: Charset,
    words: Sequence[ProbeWord],
    device: torch.device,
) -> list[WordFinding]:
    """Read words, and force their true texts on the network to see where it looks for each character.

    A network with glyphs shows the attention of its decoder ("implicit") and its glyph maps; a plain one what in the
    picture speaks for each character ("evidence"); one with CTC the middles of its spans too. Crops are resized as
    for reading; everything is compared on the crop as it was drawn.

    Args:
        network: on the device, in evaluation mode.
        words: their texts within the charset.

    Returns:
        One finding for each word, in order.
    """
    found: dict[int, WordFinding] = {}
    resized = [resize_to_bucket(word.image) for word in words]
    for chunk, images in batch_by_width(resized, lambda width: BATCH):
        batch = [words[index] for index in chunk]
        tensor = crops_to_tensor(images, device)
        if isinstance(network, GlyphNetwork):
            findings = _see_glyphs(network, charset, batch, tensor)
        else:
            findings = _see_columns(network, charset, batch, tensor)
        found.update(zip(chunk, findings, strict=True))
    return [found[index] for index in range(len(words))]


def _see_glyphs(
    network: GlyphNetwork, charset: Charset, words: Sequence[ProbeWord], images: Tensor
) -> list[WordFinding]:
    ids = [charset.encode(word.text) for word in words]
    with torch.inference_mode():
        reading: GlyphReading = network.read(images)
        told: GlyphExplanation = network.explain(images, ids)
    fast, fused = network.decode(reading.ctc_logits, charset), token_greedy_decode(reading.logits, charset)
    log_probs = _log_probs(reading.ctc_logits)
    masks, looks, maps = (_to_array(tensor) for tensor in (told.mask, told.attention, told.glyph_attention))
    findings = []
    for row, word in enumerate(words):
        alignments = {
            "CTC": _align_spans(log_probs[row], ids[row], charset, word),
            "implicit": _align(looks[row], word),
        }
        if maps.shape[1]:
            alignments["glyph"] = _align(maps[row], word)
        texts = {"fast": fast[row].text, "fused": fused[row].text}
        findings.append(_find(word, texts, alignments, masks[row, 0]))
    return findings


def _see_columns(
    network: TextNetwork, charset: Charset, words: Sequence[ProbeWord], images: Tensor
) -> list[WordFinding]:
    with torch.inference_mode():
        logits = network(images)
    texts = network.decode(logits, charset)
    log_probs = _log_probs(logits)
    findings = []
    for row, word in enumerate(words):
        ids, alignments = charset.encode(word.text), {}
        if network.emits == "ctc":
            alignments["CTC"] = _align_spans(log_probs[row], ids, charset, word)
            said = align_text(log_probs[row], ids, 0.0, charset)
        else:
            said = DecodedText(word.text, 0.0, (0.0,) * len(ids), even_spans(len(ids)))
        evidence = _to_array(network.character_maps(images[row : row + 1], said).detach())
        alignments["evidence"] = _align(evidence, word)
        findings.append(_find(word, {"fast": texts[row].text}, alignments, None))
    return findings


def _find(
    word: ProbeWord, texts: dict[str, str], alignments: dict[str, Alignment], ink: NDArray[np.float32] | None
) -> WordFinding:
    guessed = glyph_mask_kmeans(word.image)
    ious = {"k-means": 0.0 if guessed is None else compute_mask_iou(guessed, word.glyph_mask)}
    if ink is not None:
        height, width = word.glyph_mask.shape
        seen = cv2.resize(ink, (width, height), interpolation=cv2.INTER_LINEAR)
        ious["network"] = compute_mask_iou(seen > INK, word.glyph_mask)
    return WordFinding(word.text, texts, ious, guessed is None, alignments)


def _align(maps: NDArray[np.float32], word: ProbeWord) -> Alignment:
    """Align the first maps with the characters; characters beyond the network's longest text have none."""
    centres = np.full(len(word.text), np.nan)
    known = find_centres_x(maps[: len(word.text)], word.image.shape[1])
    centres[: len(known)] = known
    return compute_alignment(centres, word.quads)


def _align_spans(log_probs: NDArray[np.float32], ids: Sequence[int], charset: Charset, word: ProbeWord) -> Alignment:
    spans = np.array(align_text(log_probs, ids, 0.0, charset).spans, np.float64).reshape(-1, 2)
    centres = spans.mean(axis=1) * word.image.shape[1] / len(log_probs) - 0.5
    return compute_alignment(centres, word.quads)


def _log_probs(logits: Tensor) -> NDArray[np.float32]:
    return _to_array(logits.float().log_softmax(dim=-1))


def _to_array(tensor: Tensor) -> NDArray[np.float32]:
    values: NDArray[np.float32] = tensor.float().cpu().numpy()
    return values
