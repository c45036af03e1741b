"""A decoder with glyphs for reading only: what does not change from step to step is computed once."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.errors import WeightsError
from models.glyph.attention_decoder import AttentionDecoder, DecodedSteps
from models.tokenizers import END, begin_id

SCALES = 2
WORTH_DROPPING = 0.25  # share of rows that have ended, from which copying the others pays


class FoldedDecoder(nn.Module):
    """An `AttentionDecoder` that says the same up to rounding, with half the operations a step, in float32.

    The embedding's projection is a table by itself; the glyph's half of the fusion's gate is computed for all steps at
    once; tanh(x) = 2 sigmoid(2 x) - 1 lets all four gates share one sigmoid, their factor 2 standing in the weights.

    Args:
        decoder: in evaluation mode; it is kept for reading with given texts.

    Raises:
        WeightsError: the decoder has no glyphs to fuse.
    """

    def __init__(self, decoder: AttentionDecoder) -> None:
        super().__init__()
        if decoder.fusion is None:
            raise WeightsError("a decoder without glyphs has nothing to fold; read with it as it is")
        self.plain, self.classes, self.width = decoder, decoder.classes, decoder.width
        H = decoder.width
        scale = torch.ones(4 * H + decoder.attention_width, 1)
        scale[2 * H : 3 * H] = 2.0
        project, gate = decoder.from_embedding, decoder.fusion.gate
        line_width = gate.weight.shape[0]
        with torch.no_grad():
            self.said = (project(decoder.embedding.weight) * scale[:, 0]).contiguous()  # (ids, 4 H + A)
            self.places = (functional.linear(decoder.positions.weight, project.weight) * scale[:, 0]).contiguous()
            self.from_state = (decoder.from_state.weight * scale).T.contiguous()  # (H, 4 H + A)
            self.from_glimpse = (decoder.from_glimpse.weight * scale[: 4 * H]).T.contiguous()  # (D, 4 H)
            self.gate_glimpse = gate.weight[:, :line_width].T.contiguous()
            self.gate_glyph = gate.weight[:, line_width:].clone()
            self.gate_bias, self.energy = gate.bias.detach().clone(), decoder.energy.weight[0].clone()

    def forward(self, line: Tensor, context: Tensor, glyphs: Tensor | None = None) -> DecodedSteps:
        """See `AttentionDecoder.forward`."""
        steps: DecodedSteps = self.plain(line, context, glyphs)
        return steps

    def decode(self, line: Tensor, steps: int, glyphs: Tensor) -> DecodedSteps:
        """See `AttentionDecoder.decode`; row i and row i + B / 2 are one crop at two scales.

        Crops that have ended at both scales are not gone on with; what stands after their end is zeros and evenly
        spread attention.
        """
        B, T, _ = line.shape
        rows = self._begin(line, glyphs)
        logits = line.new_zeros(B, steps, self.plain.head.out_features)
        states, looks = line.new_zeros(B, steps, self.width), line.new_full((B, steps, T), 1 / T)
        for step in range(steps):
            rows, look, output = self._step(rows, step)
            said = self.plain.head(output)
            logits[rows.place, step], states[rows.place, step], looks[rows.place, step] = said, output, look
            ids = said.argmax(dim=-1)
            rows = rows._replace(said=ids, ended=rows.ended | (ids == END))
            are_over = torch.stack(rows.ended.chunk(SCALES)).all(dim=0).repeat(SCALES)
            share = float(are_over.float().mean()) if len(are_over) else 1.0
            if share == 1.0:
                return DecodedSteps(logits[:, : step + 1], states[:, : step + 1], looks[:, : step + 1])
            if share >= WORTH_DROPPING:
                rows = _Rows(*(tensor[~are_over] for tensor in rows))
        return DecodedSteps(logits, states, looks)

    def _begin(self, line: Tensor, glyphs: Tensor) -> "_Rows":
        B, device = len(line), line.device
        zero = line.new_zeros(B, self.width)
        votes = functional.linear(glyphs, self.gate_glyph, self.gate_bias)
        return _Rows(
            place=torch.arange(B, device=device),
            line=line,
            keys=self.plain.remember(line).keys,
            strokes=glyphs.tanh(),
            votes=votes,
            said=torch.full((B,), begin_id(self.classes), dtype=torch.long, device=device),
            hidden=zero,
            cell=zero,
            ended=torch.zeros(B, dtype=torch.bool, device=device),
        )

    def _step(self, rows: "_Rows", step: int) -> tuple["_Rows", Tensor, Tensor]:
        """The rows after one more character, where they looked (B, T), and what they then knew (B, H)."""
        known = torch.addmm(self.said[rows.said] + self.places[step], rows.hidden, self.from_state)
        look = ((rows.keys + known[:, None, 4 * self.width :]).tanh_() @ self.energy).softmax(dim=-1)
        glimpse = torch.bmm(look[:, None], rows.line)[:, 0]
        share = torch.addmm(rows.votes[:, step], glimpse, self.gate_glimpse).sigmoid_()
        fused = torch.lerp(rows.strokes[:, step], glimpse.tanh_(), share)
        gates = torch.addmm(known[:, : 4 * self.width], fused, self.from_glimpse).sigmoid_()
        enter, forget, new, leave = gates.chunk(4, dim=-1)
        cell = torch.addcmul(forget * rows.cell - enter, enter, new, value=2.0)
        hidden = leave * cell.tanh()
        return rows._replace(hidden=hidden, cell=cell), look, hidden + self.plain.glimpse_output(fused)


class _Rows(NamedTuple):
    """What is still being read; `place` is each row's number in the batch."""

    place: Tensor
    line: Tensor
    keys: Tensor
    strokes: Tensor
    votes: Tensor
    said: Tensor
    hidden: Tensor
    cell: Tensor
    ended: Tensor
