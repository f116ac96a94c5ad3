"""The network as Kaldi sees it: the same numbers, the same transitions, a graph that Vosk can load."""

# ruff: noqa: E402 (what is imported below needs libraries that may be absent, and the module is skipped then)

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: the training extra")
pytest.importorskip("kaldi_native_fbank", reason="kaldi-native-fbank is not installed: the training extra")

from ivr.speech.recogniser import VoskRecogniser
from ivr.speech.training import folder
from ivr.speech.training.calls import Frames
from ivr.speech.training.features import BINS, cosine_transform, log_mel
from ivr.speech.training.fit import Plan, finished, fit
from ivr.speech.training.graph import Graph
from ivr.speech.training.kaldi import affine_layers, transition_model
from ivr.speech.training.network import CONTEXT, LAYERS, SUBSAMPLING, Network, Shape
from ivr.speech.training.phones import Inventory
from ivr.speech.training.recipe import inventory


@pytest.fixture(scope="module")
def sounds() -> Inventory:
    return inventory()


@pytest.fixture(scope="module")
def network(sounds: Inventory) -> Network:
    """A small untrained network whose normalisations are not trivial."""
    torch.manual_seed(3)
    made = Network(Shape(24, sounds.words_pdfs, sounds.pdfs - sounds.words_pdfs)).train()
    for _ in range(3):
        made(torch.randn(4, BINS, 200) * 3 + 10)
    return made.eval()


def through_layers(network: Network, cepstra: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What Kaldi computes from the exported layers: frames side by side, affine, ReLU; the last two are the heads."""
    *layers, words, sounds = affine_layers(network)
    frames, step = cepstra, 1
    for (reach, dilation, stride), (weights, bias) in zip(LAYERS, layers, strict=True):
        centres = range(reach * dilation, len(frames) - reach * dilation, stride)
        wide = np.array([np.concatenate([frames[c + dilation * p] for p in range(-reach, reach + 1)]) for c in centres])
        frames = np.maximum(wide @ weights.T + bias, 0)
        step *= stride
    return frames @ words[0].T + words[1], frames @ sounds[0].T + sounds[1]


def test_exported_layers_give_the_same_numbers(network: Network) -> None:
    random = np.random.default_rng(1)
    spectra = random.normal(10, 3, (2 * CONTEXT + 10 * SUBSAMPLING + 1, BINS)).astype(np.float32)
    with torch.inference_mode():
        expected = network(torch.from_numpy(spectra.T.copy())[None])
    got = through_layers(network, spectra @ cosine_transform().T)
    for mine, theirs in zip(got, expected, strict=True):
        assert mine.shape == theirs[0].T.shape
        assert np.abs(mine - theirs[0].T.numpy()).max() < 1e-3


def test_cepstra_are_the_transform_of_log_mel() -> None:
    import kaldi_native_fbank as knf

    samples = np.random.default_rng(2).normal(0, 0.1, 8000).astype(np.float32)
    options = knf.MfccOptions()
    options.frame_opts.samp_freq, options.frame_opts.dither = 8000, 0
    options.mel_opts.num_bins, options.mel_opts.low_freq, options.mel_opts.high_freq = BINS, 100, 3700
    options.num_ceps, options.use_energy, options.cepstral_lifter = BINS, False, 0
    mfcc = knf.OnlineMfcc(options)
    mfcc.accept_waveform(8000, (samples * 32768).tolist())
    mfcc.input_finished()
    cepstra = np.array([mfcc.get_frame(index) for index in range(mfcc.num_frames_ready)])
    assert np.abs(log_mel(samples) @ cosine_transform().T - cepstra).max() < 1e-3


def test_every_state_of_every_phone_at_every_place_has_its_triple(sounds: Inventory) -> None:
    written = transition_model(sounds)
    start = written.index(b"<Triples> ") + len(b"<Triples> ")
    (count,) = struct.unpack_from("<i", written, start + 1)
    values = [struct.unpack_from("<i", written, start + 6 + 5 * index)[0] for index in range(3 * count)]
    triples = list(zip(values[::3], values[1::3], values[2::3], strict=True))
    assert triples == sorted(triples)
    assert {pdf for _, _, pdf in triples} == set(range(sounds.pdfs))
    states = [(placed.number, state) for placed in sounds.placed for state in range(placed.phone.states)]
    assert [(phone, state) for phone, state, _ in triples] == states
    assert [placed.first_state for placed in sounds.placed] == [states.index((p.number, 0)) for p in sounds.placed]


def test_training_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    random = np.random.default_rng(4)
    frames = Frames(random.normal(10, 3, (3000, BINS)).astype(np.float16), random.integers(0, 5, (3000, 2), np.int16))
    plan = Plan(3, batch=8)

    def trained(stops: int | None) -> dict[str, object]:
        torch.manual_seed(1)
        network, at, said = Network(Shape(16, 5, 5)), tmp_path / f"{stops}.pt", 0

        def say(_line: str) -> None:
            nonlocal said
            said += 1
            if said == stops:
                raise KeyboardInterrupt

        if stops:
            with pytest.raises(KeyboardInterrupt):
                fit(network, labelled, plan, at, say)
            assert finished(at, plan.rounds, network) is None
        fit(network, labelled, plan, at, say)
        counts = finished(at, plan.rounds, network)
        assert counts is not None
        assert counts.sum() == 2 * len(frames.features)
        return dict(network.state_dict())

    labelled = Frames(frames.features, frames.labels + np.array([0, 5], np.int16))
    whole, stopped = trained(None), trained(1)
    assert all(torch.equal(whole[name], stopped[name]) for name in whole)


def test_arcs_are_written_sorted_by_output() -> None:
    graph = Graph()
    first, second = graph.state(0.0), graph.state()
    graph.arcs[first] = [(1, 9, 0.5, second), (2, 0, 0.25, first), (3, 4, 0.0, second)]
    written = graph.written()
    arcs = written[-(4 + 8) - 3 * 16 : -(4 + 8)]
    outputs = [struct.unpack_from("<iifi", arcs, 16 * index)[1] for index in range(3)]
    assert outputs == [0, 4, 9]


def test_the_written_folder_loads(tmp_path: Path, network: Network, sounds: Inventory) -> None:
    counts = np.zeros(sounds.pdfs, dtype=np.int64)
    counts[[0, sounds.words_pdfs]] = 1000
    folder.write(tmp_path, network, sounds, counts, {"mandarin": ["ma1", "zhong1"], "cantonese": ["hai6"]})
    listening = VoskRecogniser.open(tmp_path).listen("challenge")
    listening.feed(b"\0" * 16000)
    listening.finish()
