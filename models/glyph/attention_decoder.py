"""A recurrent decoder that says one character after the other and shows where in the line it looks.

Source:
    METHODS section 1.1.3 (additive attention of Bahdanau et al. 2015) and 1.1.6a, where each glimpse is fused with
    the glyph of the same place in the reading order. Added: the number of the step, and the place of each column
    (as in RobustScanner, Yue et al. 2020), without which content alone has to tell the third E from the second.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from models.glyph.fusion import GatedFusion
from models.recognition.guidance import PlacedColumns
from models.tokenizers import END, begin_id, padding_id


class LineMemory(NamedTuple):
    """A visual sequence (B, T, D) and its projection for attention (B, T, A)."""

    values: Tensor
    keys: Tensor


class DecodedSteps(NamedTuple):
    """What a decoder said.

    Attributes:
        logits: (B, S, classes).
        states: (B, S, H) what it knew at each step: its memory and what it just saw.
        attention: (B, S, T) implicit attention, rows sum to 1.
    """

    logits: Tensor
    states: Tensor
    attention: Tensor


class AttentionDecoder(nn.Module):
    """Additive attention over a line and an LSTM cell; with or without glyphs to fuse."""

    def __init__(
        self, classes: int, memory_width: int, width: int, embedding_width: int, steps: int, has_glyphs: bool
    ) -> None:
        """Build a decoder of at most `steps` steps."""
        super().__init__()
        self.classes, self.width, self.attention_width = classes, width, max(8, 2 * width // 3)
        self.placed = PlacedColumns(memory_width)
        self.to_keys = nn.Linear(memory_width, self.attention_width)
        self.energy = nn.Linear(self.attention_width, 1, bias=False)
        self.embedding = nn.Embedding(padding_id(classes) + 1, embedding_width)
        self.positions = nn.Embedding(steps, embedding_width)
        self.from_embedding = nn.Linear(embedding_width, 4 * width + self.attention_width)
        self.from_glimpse = nn.Linear(memory_width, 4 * width, bias=False)
        self.glimpse_output = nn.Linear(memory_width, width)
        self.from_state = nn.Linear(width, 4 * width + self.attention_width, bias=False)
        self.fusion = GatedFusion(memory_width) if has_glyphs else None
        self.dropout = nn.Dropout(0.1)
        self.head = nn.Linear(width, classes)
        with torch.no_grad():
            self.from_embedding.bias[width : 2 * width] = 1.0  # remember at first

    def remember(self, line: Tensor) -> LineMemory:
        """Prepare a visual sequence (B, T, memory_width)."""
        return LineMemory(line, self.to_keys(self.placed(line)))

    def forward(self, line: Tensor, context: Tensor, glyphs: Tensor | None = None) -> DecodedSteps:
        """Say the next character after each of a given text.

        Args:
            line: (B, T, memory_width).
            context: (B, S) ids of what was said before each step, see `frame_targets`.
            glyphs: (B, M, memory_width) with M at least S, for a decoder that has glyphs.
        """
        memory = self.remember(line)
        steps = torch.arange(context.shape[1], device=context.device)
        said = self.from_embedding(self.dropout(self.embedding(context) + self.positions(steps)))  # (B, S, 4 H + A)
        state = self._begin(line)
        states, looks = [], []
        for step in range(context.shape[1]):
            glyph = None if glyphs is None else glyphs[:, step]
            state, look, output = self._step(memory, said[:, step], state, glyph)
            states.append(output)
            looks.append(look)
        hidden = torch.stack(states, dim=1)
        return DecodedSteps(self.head(self.dropout(hidden)), hidden, torch.stack(looks, dim=1))

    def decode(self, line: Tensor, steps: int, glyphs: Tensor | None = None) -> DecodedSteps:
        """Read greedily until every text has ended, at most `steps` steps; arguments as in `forward`."""
        memory, state = self.remember(line), self._begin(line)
        said = torch.full((len(line),), begin_id(self.classes), dtype=torch.long, device=line.device)
        ended = torch.zeros(len(line), dtype=torch.bool, device=line.device)
        states, looks, logits = [], [], []
        for step in range(steps):
            glyph = None if glyphs is None else glyphs[:, step]
            known = self.from_embedding(self.embedding(said) + self.positions.weight[step])
            state, look, output = self._step(memory, known, state, glyph)
            states.append(output)
            looks.append(look)
            logits.append(self.head(output))
            said = logits[-1].argmax(dim=-1)
            ended |= said == END
            if bool(ended.all()):
                break
        return DecodedSteps(torch.stack(logits, dim=1), torch.stack(states, dim=1), torch.stack(looks, dim=1))

    def _begin(self, line: Tensor) -> tuple[Tensor, Tensor]:
        zero = torch.zeros(len(line), self.width, device=line.device, dtype=line.dtype)
        return zero, zero.float()

    def _step(
        self, memory: LineMemory, said: Tensor, state: tuple[Tensor, Tensor], glyph: Tensor | None
    ) -> tuple[tuple[Tensor, Tensor], Tensor, Tensor]:
        """One character: state (h, c) and `said` (B, 4 H + A) to the next state, attention (B, T), output (B, H)."""
        hidden, cell = state
        recurrent, query = (said + self.from_state(hidden)).split([4 * self.width, self.attention_width], dim=-1)
        energy = self.energy(torch.tanh(memory.keys + query[:, None])).squeeze(-1)  # (B, T)
        look = energy.float().softmax(dim=-1)
        glimpse = torch.bmm(look[:, None].to(memory.values.dtype), memory.values)[:, 0]
        if self.fusion is not None and glyph is not None:
            glimpse = self.fusion(glimpse, glyph)
        gates = (recurrent + self.from_glimpse(glimpse)).float()
        enter, forget, new, leave = gates.chunk(4, dim=-1)
        cell = torch.sigmoid(forget) * cell + torch.sigmoid(enter) * torch.tanh(new)
        hidden = (torch.sigmoid(leave) * torch.tanh(cell)).to(memory.values.dtype)
        return (hidden, cell), look, hidden + self.glimpse_output(glimpse)
