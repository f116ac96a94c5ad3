"""Write the network as a Kaldi nnet3 model: topology, transitions and layers in Kaldi's binary format.

The format is that of kaldi's hmm/transition-model.cc, hmm/hmm-topology.cc and nnet3/am-nnet-simple.cc.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

import numpy as np
import torch

from ivr.speech.training.features import BINS, cosine_transform
from ivr.speech.training.network import CONTEXT, LAYERS, Network
from ivr.speech.training.phones import Inventory

Array = np.ndarray[tuple[int, ...], np.dtype[np.float32]]
_STAY = 0.5  # probability of each state's self-loop


def _token(name: str) -> bytes:
    return f"{name} ".encode()


def _int(value: int) -> bytes:
    return b"\4" + struct.pack("<i", value)


def _float(value: float) -> bytes:
    return b"\4" + struct.pack("<f", value)


def _double(value: float) -> bytes:
    return b"\10" + struct.pack("<d", value)


def _ints(values: Iterable[int]) -> bytes:
    array = np.array(list(values), dtype="<i4")
    return b"\4" + struct.pack("<i", len(array)) + array.tobytes()


def _vector(values: Array) -> bytes:
    return _token("FV") + _int(len(values)) + values.astype("<f4").tobytes()


def _matrix(values: Array) -> bytes:
    rows, columns = values.shape
    return _token("FM") + _int(rows) + _int(columns) + values.astype("<f4").tobytes()


def _topology(inventory: Inventory) -> bytes:
    """One left-to-right topology for each number of states that some phone has."""
    lengths = sorted({phone.states for phone in inventory.phones.values()})
    numbers = [placed.number for placed in inventory.placed]
    index = [-1, *(lengths.index(placed.phone.states) for placed in inventory.placed)]
    parts = [_token("<Topology>"), _ints(numbers), _ints(index), _int(len(lengths))]
    for states in lengths:
        parts.append(_int(states + 1))
        for state in range(states):
            parts += [_int(state), _int(2), _int(state), _float(_STAY), _int(state + 1), _float(1 - _STAY)]
        parts += [_int(-1), _int(0)]
    return b"".join([*parts, _token("</Topology>")])


def transition_model(inventory: Inventory) -> bytes:
    """Kaldi's TransitionModel. Transition ids of state k: self-loop 2k + 1, forward 2k + 2."""
    triples = [
        (placed.number, state, placed.phone.first_pdf + state)
        for placed in inventory.placed
        for state in range(placed.phone.states)
    ]
    parts = [_token("<TransitionModel>"), _topology(inventory), _token("<Triples>"), _int(len(triples))]
    parts += [_int(value) for triple in triples for value in triple]
    probabilities = np.log(np.tile([_STAY, 1 - _STAY], len(triples)))
    parts += [_token("</Triples>"), _token("<LogProbs>"), _vector(np.concatenate([[0.0], probabilities]))]
    return b"".join([*parts, _token("</LogProbs>"), _token("</TransitionModel>")])


def affine_layers(network: Network) -> list[tuple[Array, Array]]:
    """(weights, bias) of each layer and of both heads over cepstra; every normalisation folded into what follows it.

    The inputs of a layer are its frames from earliest to latest, side by side.
    """
    scale, shift = _normalisation(network.normal)
    before = (scale[:, None] * cosine_transform().T, shift)
    layers = []
    for layer in network.layers:
        layers.append(_folded(layer[0], *before))
        scale, shift = _normalisation(layer[2])
        before = (np.diag(scale), shift)
    return [*layers, _folded(network.words, *before), _folded(network.sounds, *before)]


def _normalisation(norm: torch.nn.BatchNorm1d) -> tuple[Array, Array]:
    assert norm.running_mean is not None and norm.running_var is not None
    scale = 1 / torch.sqrt(norm.running_var + norm.eps)
    return scale.numpy(), (-norm.running_mean * scale).numpy()


def _folded(layer: torch.nn.Conv1d, matrix: Array, shift: Array) -> tuple[Array, Array]:
    """The layer after x -> matrix @ x + shift, as one affine map of its frames side by side."""
    assert layer.bias is not None
    weights = layer.weight.detach().numpy()
    bias = layer.bias.detach().numpy() + np.einsum("oik,i->o", weights, shift)
    folded = np.einsum("oik,ij->okj", weights, matrix)
    return folded.reshape(len(folded), -1), bias


def _affine(weights: Array, bias: Array) -> bytes:
    start, end = _token("<FixedAffineComponent>"), _token("</FixedAffineComponent>")
    return start + _token("<LinearParams>") + _matrix(weights) + _token("<BiasParams>") + _vector(bias) + end


def _nonlinearity(kind: str, width: int) -> bytes:
    nothing = _vector(np.zeros(0, dtype=np.float32))
    parts = [_token(f"<{kind}>"), _token("<Dim>"), _int(width), _token("<ValueAvg>"), nothing]
    parts += [_token("<DerivAvg>"), nothing, _token("<Count>"), _double(0), _token(f"</{kind}>")]
    return b"".join(parts)


def network_model(network: Network) -> bytes:
    """Kaldi's Nnet: the layers as affine + ReLU, both heads as affine + log-softmax, appended."""
    nodes = [f"input-node name=input dim={BINS}"]
    components: list[tuple[str, bytes]] = []

    def add(name: str, inputs: str, written: bytes) -> None:
        nodes.append(f"component-node name={name} component={name} input={inputs}")
        components.append((name, written))

    *layers, words, sounds = affine_layers(network)
    before, step = "input", 1
    for number, ((reach, dilation, stride), affine) in enumerate(zip(LAYERS, layers, strict=True), start=1):
        offsets = [step * dilation * place for place in range(-reach, reach + 1)]
        frames = ", ".join(f"Offset({before}, {offset})" if offset else before for offset in offsets)
        add(f"affine{number}", f"Append({frames})", _affine(*affine))
        add(f"relu{number}", f"affine{number}", _nonlinearity("RectifiedLinearComponent", network.shape.width))
        before, step = f"relu{number}", step * stride
    for name, affine in (("words", words), ("sounds", sounds)):
        add(name, before, _affine(*affine))
        add(f"{name}-posterior", name, _nonlinearity("LogSoftmaxComponent", len(affine[1])))
    nodes.append("output-node name=output input=Append(words-posterior, sounds-posterior) objective=linear")
    parts = [_token("<Nnet3>"), "\n".join(["", *nodes, "", ""]).encode()]
    parts += [_token("<NumComponents>"), _int(len(components))]
    for name, written in components:
        parts += [_token("<ComponentName>"), _token(name), written]
    return b"".join([*parts, _token("</Nnet3>")])


def acoustic_model(network: Network, inventory: Inventory, priors: Array) -> bytes:
    """The whole of final.mdl. `priors`: one positive number a pdf; it divides the posterior."""
    context = _token("<LeftContext>") + _int(CONTEXT) + _token("<RightContext>") + _int(CONTEXT)
    written = transition_model(inventory) + network_model(network)
    return b"\0B" + written + context + _token("<Priors>") + _vector(priors)
