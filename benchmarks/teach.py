"""Strokes drawn by code teach a pixel classifier; its IoU beside simpler methods with the same strokes.

`python -m benchmarks teach` measures pictures of $SEGEN_DATA and writes segen/evaluation/studies/teach.json,
then the table and the plot of docs/teach.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from skimage.color import rgb2gray, rgb2lab
from skimage.filters import threshold_otsu
from skimage.segmentation import random_walker
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture

from benchmarks import marked
from benchmarks.marked import DOCS
from segen.data import datasets, files
from segen.engine import Engine
from segen.evaluation import studies
from segen.registry import TEACH_MODEL
from segen.text import words
from segen.types import UNDRAWN, Image, Labels, TaughtClass, TeachRequest

DATASETS = ("nuclei", "animals")
PICTURES = 60
COUNTS = (1, 2, 3, 5, 8)
STROKES = 5
"""Of each class, for the table."""
LENGTH = 0.15
"""Of a stroke at most, in shares of the picture's longer side."""
WIDTH = 3
LEAST_SHARE = 0.01
"""Pictures with less than this of one of both classes are left out."""
CLASSES = (TaughtClass("background", (0, 0, 0)), TaughtClass("object", (255, 255, 255)))
COLORS = {"nuclei": "#7c6ee6", "animals": "#0d9488"}
LINE = "#768390"


@dataclass(frozen=True)
class Item:
    """A picture, its truth (1 for objects, 0 for all else, UNDRAWN for what is ignored), strokes by class."""

    image: Image
    truth: Labels
    strokes: tuple[list[NDArray[np.bool_]], list[NDArray[np.bool_]]]

    def drawn(self, count: int) -> Labels:
        """The first `count` strokes of each class."""
        ids = np.full(self.truth.shape, UNDRAWN, np.uint8)
        for id, strokes in enumerate(self.strokes):
            for stroke in strokes[:count]:
                ids[stroke] = id
        return ids


def items(name: str) -> Iterator[Item]:
    """PICTURES of the split val in a random order, always the same, with strokes of a seed each."""
    root = datasets.locate(None, name)
    known = datasets.classes(root, name)
    pairs = datasets.pairs(root, "val")
    coded = datasets.survey(pairs, known).coding
    count = 0
    for number in np.random.default_rng(0).permutation(len(pairs)).tolist():
        image, labels = datasets.read(pairs[number], known, coded)
        truth = np.where(labels == UNDRAWN, UNDRAWN, labels > 0).astype(np.uint8)
        if min(float((truth == id).mean()) for id in (0, 1)) < LEAST_SHARE:
            continue
        random = np.random.default_rng(number)
        strokes = tuple([_stroke(truth == id, random) for _ in range(max(COUNTS))] for id in (0, 1))
        yield Item(image, truth, (strokes[0], strokes[1]))
        count += 1
        if count == PICTURES:
            return


def _stroke(region: NDArray[np.bool_], random: np.random.Generator) -> NDArray[np.bool_]:
    """A nearly straight stroke from a random place off the region's border, ending where it comes near it."""
    inside = distance_transform_edt(np.pad(region, 1))[1:-1, 1:-1]
    starts = np.argwhere(inside >= min(WIDTH, 0.6 * inside.max()))
    row, column = starts[random.integers(len(starts))].astype(float)
    angle = random.uniform(0, 2 * np.pi)
    drawn = np.zeros(region.shape, np.bool_)
    half = WIDTH // 2
    for step in range(int(LENGTH * max(region.shape))):
        y, x = round(row), round(column)
        out = not (0 <= y < region.shape[0] and 0 <= x < region.shape[1])
        if step and (out or inside[y, x] < 2):
            break
        drawn[max(0, y - half) : y + half + 1, max(0, x - half) : x + half + 1] = True
        angle += random.normal(0, 0.08)
        row, column = row + np.sin(angle), column + np.cos(angle)
    return drawn & region


def iou(found: NDArray[np.bool_], truth: Labels) -> float:
    """Of the objects, over all pixels that count."""
    counts = truth != UNDRAWN
    union = ((found | (truth == 1)) & counts).sum()
    return float((found & (truth == 1)).sum() / union) if union else 1.0


def _threshold(item: Item, drawn: Labels) -> NDArray[np.bool_]:
    """Otsu's threshold of grey; the strokes say which side is the object."""
    grey = rgb2gray(item.image)
    bright: NDArray[np.bool_] = grey > threshold_otsu(grey)
    return bright if bright[drawn == 1].mean() >= bright[drawn == 0].mean() else ~bright


def _kmeans(item: Item, drawn: Labels) -> NDArray[np.bool_]:
    """Eight clusters of colour; each is an object where more of the object's strokes lie in it."""
    colors = rgb2lab(item.image)
    means = KMeans(8, n_init=1, random_state=0).fit(colors[::3, ::3].reshape(-1, 3))
    clusters = means.predict(colors.reshape(-1, 3).astype(colors.dtype)).reshape(drawn.shape)
    shares = [np.bincount(clusters[drawn == id], minlength=8) / (drawn == id).sum() for id in (0, 1)]
    near = means.transform(means.cluster_centers_)
    for cluster in np.flatnonzero(shares[0] + shares[1] == 0):  # no stroke in it: as the nearest with one
        nearest = next(each for each in np.argsort(near[cluster]) if shares[0][each] + shares[1][each])
        shares[0][cluster], shares[1][cluster] = shares[0][nearest], shares[1][nearest]
    found: NDArray[np.bool_] = (shares[1] > shares[0])[clusters]
    return found


def _mixtures(item: Item, drawn: Labels) -> NDArray[np.bool_]:
    """As GrabCut: Gaussian mixtures of colour, borders along edges, both once more from what was found.

    A random walker from the strokes and the sure pixels stands in for the graph cut.
    """
    colors = rgb2lab(item.image) / 100
    seeds = drawn
    found = np.zeros(drawn.shape, np.bool_)
    for _ in range(2):
        odds = np.zeros(drawn.shape)
        for id, sign in ((1, 1), (0, -1)):
            pixels = colors[seeds == id]
            parts = min(5, len(pixels) // 4 or 1)
            mixture = GaussianMixture(parts, reg_covar=1e-4, random_state=0).fit(pixels[:4_000])
            odds += sign * mixture.score_samples(colors.reshape(-1, 3)).reshape(drawn.shape)
        markers = np.where(odds > 2, 2, np.where(odds < -2, 1, 0))
        markers[drawn != UNDRAWN] = drawn[drawn != UNDRAWN] + 1
        found = random_walker(colors, markers, beta=300, mode="cg_j", tol=1e-2, channel_axis=-1) == 2
        seeds = np.where(drawn != UNDRAWN, drawn, found).astype(np.uint8)
    return found


BASELINES: dict[str, Callable[[Item, Labels], NDArray[np.bool_]]] = {
    "threshold": _threshold,
    "kmeans": _kmeans,
    "mixtures": _mixtures,
}


def measure(engine: Engine, item: Item) -> dict[str, Any]:
    """The IoU of the classifier by the number of strokes, and of each baseline with STROKES of them."""
    taught = {}
    for count in COUNTS:
        request = TeachRequest((item.image,), (item.drawn(count),), CLASSES)
        labels = engine.run(TEACH_MODEL, request).value.segmentation.labels
        taught[str(count)] = iou(labels == 1, item.truth)
    drawn = item.drawn(STROKES)
    return {
        "taught": taught,
        "baselines": {name: iou(find(item, drawn), item.truth) for name, find in BASELINES.items()},
    }


def main() -> Iterator[str]:
    """Measure, and write the report, the table and the plot."""
    engine = Engine()
    report: dict[str, Any] = {"model": TEACH_MODEL, "strokes": STROKES, "counts": list(COUNTS), "data": {}}
    for name in DATASETS:
        measured = []
        for item in items(name):
            measured.append(measure(engine, item))
            yield f"{name} {len(measured)}: {measured[-1]['taught'][str(STROKES)]:.3f}"
        report["data"][name] = _summary(measured)
    with files.replacing(studies.path("teach")) as temporary:
        temporary.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    marked.write(DOCS / "teach.md", "teach", table(report))
    yield str(_plot(report))


def _summary(measured: list[dict[str, Any]]) -> dict[str, Any]:
    """Means over pictures."""
    return {
        "pictures": len(measured),
        **{
            part: {
                key: round(float(np.mean([each[part][key] for each in measured])), 4)
                for key in measured[0][part]
            }
            for part in ("taught", "baselines")
        },
    }


def table(report: dict[str, Any]) -> str:
    """The report in Markdown: methods in rows, then the classifier by the number of strokes."""
    data = report["data"]
    rows = [
        ["mean IoU of the objects", *(f"{name} val ({data[name]['pictures']} pictures)" for name in data)]
    ]
    rows.append(
        [
            f"**Teach it**, {report['strokes']} strokes",
            *(f"**{each['taught'][str(report['strokes'])]:.3f}**" for each in data.values()),
        ]
    )
    for name in BASELINES:
        rows.append(
            [words("en", f"teach.{name}"), *(f"{each['baselines'][name]:.3f}" for each in data.values())]
        )
    for count in map(str, report["counts"]):
        if count != str(report["strokes"]):
            rows.append(
                [f"Teach it, {count} strokes", *(f"{each['taught'][count]:.3f}" for each in data.values())]
            )
    return marked.table(rows)


def _plot(report: dict[str, Any]) -> Path:
    """IoU against strokes for each class, in docs/teach.svg."""
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "teach", "font.size": 10}):
        figure = Figure(figsize=(7.2, 3.6), layout="constrained")
        axes = figure.add_subplot()
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(LINE)
        axes.tick_params(colors=LINE)
        for name, measured in report["data"].items():
            values = [measured["taught"][str(count)] for count in report["counts"]]
            axes.plot(report["counts"], values, "o-", color=COLORS[name], label=name)
        axes.set_xlabel("strokes for each class", color=LINE)
        axes.set_ylabel("mean IoU of the objects", color=LINE)
        axes.set_ylim(0, 1)
        axes.legend(frameon=False, labelcolor=LINE)
        path = DOCS / "teach.svg"
        with files.replacing(path) as temporary:
            figure.savefig(temporary, transparent=True, metadata={"Date": None})
    return path
