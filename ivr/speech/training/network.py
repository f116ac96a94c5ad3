"""The acoustic network: a time-delay network with two heads, small enough for a telephone server."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from ivr.speech.training.features import BINS

# Frames before and after the current one that each layer sees. The second layer's output is needed every third
# frame only, so it strides by three and the later ones step over thirds.
LAYERS = ((2, 1, 1), (1, 1, 3), (1, 1, 1), (1, 1, 1), (1, 2, 1), (1, 2, 1), (1, 3, 1))  # reach, dilation, stride
CONTEXT = 2 + 1 + 3 * (1 + 1 + 2 + 2 + 3)  # frames on each side
SUBSAMPLING = 3


@dataclass(frozen=True, slots=True)
class Shape:
    """Layer width and the number of outputs of the two heads."""

    width: int
    words: int
    sounds: int


class Network(nn.Module):
    """Log mel spectra (batch, bins, frames) -> raw outputs of both heads, one every three frames."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.normal = nn.BatchNorm1d(BINS, affine=False)
        self.layers = nn.ModuleList()
        width = BINS
        for reach, dilation, stride in LAYERS:
            convolution = nn.Conv1d(width, shape.width, 2 * reach + 1, stride, dilation=dilation)
            self.layers.append(nn.Sequential(convolution, nn.ReLU(), nn.BatchNorm1d(shape.width, affine=False)))
            width = shape.width
        self.words = nn.Conv1d(width, shape.words, 1)
        self.sounds = nn.Conv1d(width, shape.sounds, 1)

    def forward(self, spectra: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, bins, 2 * CONTEXT + 3 * n + 1) -> two of (batch, outputs, n + 1)."""
        hidden = self.normal(spectra)
        for layer in self.layers:
            hidden = layer(hidden)
        return self.words(hidden), self.sounds(hidden)
