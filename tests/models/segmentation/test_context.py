"""Context at a place: the formulas of attention and of gated recurrent units, computed by hand beside it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from segen.engine import Engine
from segen.errors import InputError
from segen.types import AttentionAt, ContextRequest, FeaturesRequest, SegmentRequest, SweepsAt
from tests.sentences import exactly

IMAGE = np.random.default_rng(0).integers(0, 256, (100, 150, 3), dtype=np.uint8)
"""On a grid of 8 x 10, with padding below and to the right."""
ROW, COLUMN = 2, 5
PLACE = {"x": (COLUMN + 0.5) * 16 / 150, "y": (ROW + 0.5) * 16 / 100}


@pytest.fixture(scope="module")
def engine(every_weights_folder: Path) -> Iterator[Engine]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGEN_WEIGHTS", str(every_weights_folder))
        yield Engine("cpu")


def asked(engine: Engine, name: str, **place: float) -> Any:
    return engine.run(name, ContextRequest(IMAGE, **(PLACE | place))).value


def test_weights_are_the_softmax_of_queries_and_keys_and_the_output_their_mean_of_values(
    engine: Engine,
) -> None:
    found = asked(engine, "attention-camvid")
    assert isinstance(found, AttentionAt)
    assert (found.grid.row, found.grid.column, found.grid.size) == (ROW, COLUMN, (100, 150))
    heads, rows, columns, numbers = found.keys.shape
    assert (heads, rows, columns, numbers) == (4, 8, 10, 32)
    for head in range(heads):
        keys, values = (part[head].reshape(-1, numbers) for part in (found.keys, found.values))
        scores = keys @ found.query[head] / math.sqrt(numbers)
        shares = np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum()
        np.testing.assert_allclose(found.weights[head].ravel(), shares, rtol=1e-4)
        np.testing.assert_allclose(found.output[head], shares @ values, atol=1e-5)
    shown = engine.run("attention-camvid", SegmentRequest(IMAGE)).value.attention
    assert shown is not None
    viewed = shown.shares[ROW * columns + COLUMN].reshape(rows, columns)
    np.testing.assert_allclose(found.weights.mean(axis=0), viewed, rtol=1e-4)


def test_the_output_is_what_the_network_goes_on_with(engine: Engine) -> None:
    found = asked(engine, "attention-camvid")
    block: Any = engine._predictor("attention-camvid").network.context
    joined = list[torch.Tensor]()
    with block.join.register_forward_pre_hook(lambda _, given: joined.append(given[0])):
        asked(engine, "attention-camvid")
    np.testing.assert_allclose(joined[0][0, ROW * 10 + COLUMN], found.output.ravel(), atol=1e-5)


def _gated(layer: Any, ending: str, inputs: np.ndarray) -> np.ndarray:
    """A GRU by hand, steps x units: Cho et al. 2014, the reset after the product, as PyTorch has it."""
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    of_input, of_state, bias, state_bias = (
        getattr(layer, f"{name}_l0{ending}").detach().double().numpy() for name in names
    )
    state, states = np.zeros(of_state.shape[1]), []
    for given in inputs:
        parts = zip(
            np.split(of_input @ given + bias, 3), np.split(of_state @ state + state_bias, 3), strict=True
        )
        (reset, held_reset), (update, held_update), (new, held) = parts
        r, z = (1 / (1 + np.exp(-each)) for each in (reset + held_reset, update + held_update))
        state = (1 - z) * np.tanh(new + r * held) + z * state
        states.append(state)
    return np.array(states)


def test_sweeps_are_those_of_gated_units_along_row_then_column(engine: Engine) -> None:
    found = asked(engine, "renet-camvid")
    assert isinstance(found, SweepsAt)
    assert found.right.shape == found.left.shape == (10, 64)
    assert found.down.shape == found.up.shape == (8, 64)
    network: Any = engine._predictor("renet-camvid").network
    kept = list[torch.Tensor]()
    with network.narrow.register_forward_hook(lambda _, __, maps: kept.append(maps)):
        engine.run("renet-camvid", SegmentRequest(IMAGE))
    maps, sweeps = kept[0][0].double().numpy(), network.context
    swept = []
    for row in range(8):
        along = maps[:, row].T
        right, left = _gated(sweeps.rows, "", along), _gated(sweeps.rows, "_reverse", along[::-1])[::-1]
        swept.append(np.concatenate([right[COLUMN], left[COLUMN]]))
        if row == ROW:
            np.testing.assert_allclose(found.right, right, atol=1e-4)
            np.testing.assert_allclose(found.left, left, atol=1e-4)
    np.testing.assert_allclose(found.down, _gated(sweeps.columns, "", np.array(swept)), atol=1e-4)
    np.testing.assert_allclose(
        found.up, _gated(sweeps.columns, "_reverse", np.array(swept)[::-1])[::-1], atol=1e-4
    )


@pytest.mark.parametrize("name", ["attention-camvid", "renet-camvid"])
def test_positions_have_the_class_at_their_middle(engine: Engine, name: str) -> None:
    found = asked(engine, name)
    probabilities = engine.run(name, SegmentRequest(IMAGE)).value.probabilities
    assert found.grid.classes.shape == (8, 10)
    assert found.grid.classes[ROW, COLUMN] == probabilities[:, 16 * ROW + 8, 16 * COLUMN + 8].argmax()
    assert found.grid.classes[-1, -1] == probabilities[:, -1, -1].argmax(), "the nearest pixel to the padding"
    corner = asked(engine, name, x=1.0, y=1.0).grid
    assert (corner.row, corner.column) == (6, 9), "the last ones that hold pixels"
    assert engine.run(name, ContextRequest(IMAGE[:1, :1], 0.0, 1.0)).value.grid.row == 0


@pytest.mark.parametrize("place", [{"x": -0.01}, {"y": 1.5}, {"x": math.nan}, {"y": math.inf}])
def test_a_place_outside_the_picture_is_refused(place: dict[str, float]) -> None:
    with pytest.raises(InputError, match=exactly("place_outside")):
        ContextRequest(IMAGE, **(PLACE | place))


def test_a_network_of_convolutions_has_none(engine: Engine) -> None:
    with pytest.raises(InputError, match=exactly("no_context")):
        asked(engine, "unet-camvid")
    assert engine.run("unet-camvid", FeaturesRequest(IMAGE)).value.layers
