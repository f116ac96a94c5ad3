"""Models as others make them, made here: a Vosk model of plain words at 16 kHz, and a tiny one for sherpa-onnx."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from ivr.dialects import dialects
from ivr.speech.training.graph import Graph, any_words, lexicon
from ivr.speech.training.lexicons import COSTS, numbered
from ivr.speech.training.phones import Inventory, units
from ivr.speech.vocabulary import GRAPH, pronunciations

SHIPPED = Path(__file__).parents[4] / "ivr" / "speech" / "model"
BINS = 80


def vosk_model(folder: Path, lacking: Iterable[str] = ()) -> Path:
    """Our network under a lexicon of plain words, fed with 16 kHz; the words of `lacking` are not in it."""
    shutil.copytree(SHIPPED / "am", folder / "am")
    shutil.copytree(SHIPPED / "conf", folder / "conf")
    settings = folder / "conf" / "mfcc.conf"
    settings.write_text(settings.read_text("utf-8").replace("frequency=8000", "frequency=16000"), "utf-8")
    inventory = Inventory(pronunciations().items())
    said = {
        word: [units(way.spelling, way.said) for way in ways]
        for dialect in reversed([*dialects().values()])
        for grammar in ("digits", "yesno", "menu")
        for _, word, ways in dialect.pronunciations(grammar)
        if word not in lacking
    }
    said |= {word: [units("mandarin", syllables)] for word, syllables in pronunciations().items()}
    syllables = json.loads((SHIPPED / "syllables.json").read_text("utf-8"))
    garbage = {"[unk]": ([units("mandarin", [one]) for one in syllables["mandarin"]], COSTS.syllable)}
    (folder / GRAPH / "phones").mkdir(parents=True)
    numbers = numbered(folder, [*garbage, *said])
    graph: Graph = lexicon(inventory, numbers, said, garbage, COSTS)
    (folder / GRAPH / "HCLr.fst").write_bytes(graph.written())
    (folder / GRAPH / "Gr.fst").write_bytes(any_words(numbers).written())
    (folder / GRAPH / "disambig_tid.int").write_text("", "utf-8")
    shutil.copytree(SHIPPED / GRAPH / "phones", folder / GRAPH / "phones", dirs_exist_ok=True)
    shutil.rmtree(folder / "graph-challenge", ignore_errors=True)
    return folder


def sherpa_model(folder: Path, low: str, high: str) -> Path:
    """A CTC model of one layer: low sound is the character `low`, high sound `high`, anything else a blank."""
    folder.mkdir(parents=True)
    tokens = ["<blk>", low, high]
    (folder / "tokens.txt").write_text("".join(f"{token} {n}\n" for n, token in enumerate(tokens)), "utf-8")
    weights = np.zeros((BINS, 3), np.float32)
    weights[: BINS // 4, 1] = weights[BINS // 2 :, 2] = 1.0
    weights[:, 1:] /= weights[:, 1:].sum(axis=0)
    weights[:, 0] = 1 / BINS
    nodes = [
        helper.make_node("MatMul", ["x", "weights"], ["heard"]),
        helper.make_node("Add", ["heard", "bias"], ["biased"]),
        helper.make_node("LogSoftmax", ["biased"], ["log_probs"], axis=-1),
        helper.make_node("Cast", ["x_lens"], ["log_probs_lens"], to=TensorProto.INT64),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", "T", BINS]),
            helper.make_tensor_value_info("x_lens", TensorProto.INT64, ["N"]),
        ],
        [
            helper.make_tensor_value_info("log_probs", TensorProto.FLOAT, ["N", "T", 3]),
            helper.make_tensor_value_info("log_probs_lens", TensorProto.INT64, ["N"]),
        ],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(np.array([2, 0, 0], np.float32), "bias")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    for key, value in {"model_type": "zipformer2_ctc", "version": "1", "comment": "tiny", "vocab_size": "3"}.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value
    onnx.save(model, folder / "model.onnx")
    engine = 'kind = "zipformer_ctc"\n[files]\nmodel = "model.onnx"\ntokens = "tokens.txt"\n'
    (folder / "engine.toml").write_text(engine, "utf-8")
    return folder
