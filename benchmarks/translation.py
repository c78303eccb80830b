"""The tables of docs/translation.md, from what `segen evaluate` wrote beside the weights of the cards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from benchmarks import marked
from segen.registry import cards

Column = Callable[[dict[str, Any]], dict[str, float]]
"""The value of each way by its name, of the metrics of a report."""
PAGE = marked.DOCS / "translation.md"
MEASURED = {
    "masks": ("cyclegan-nuclei", "pix2pix-nuclei"),
    "drawings": ("pix2pix-emoji",),
    "photographs": ("cyclegan-yosemite",),
    "streets": ("pix2pix-camvid-photo",),
}
"""The cards by what measures them (`segen.evaluation.translation.KINDS`), shipped or still to come."""
NAMES = {
    "Otsu": "Otsu's threshold",
    "K-means": "K-means, two clusters",
    "lines": "the lines themselves",
    "mean colour": "the mean colour of the training drawings",
}
"""What the rows that are no cards are called."""


def main() -> Iterator[str]:
    """Write each table between its marks, and say where."""
    for kind in MEASURED:
        marked.write(PAGE, kind, section(kind))
        yield f"{PAGE}: {kind}"


def section(kind: str) -> str:
    """What was measured of a kind in Markdown; a card that is not shipped stands in the last line alone."""
    reports = {card.name: card.report() for card in cards("translate") if card.name in MEASURED[kind]}
    reports = {name: report for name, report in reports.items() if report}
    parts = [TABLES[kind](reports)] if reports else []
    parts += [
        f"`segen evaluate --model {name} --data DIR --split {report['split']}`: {report['items']} pictures"
        for name, report in reports.items()
    ]
    missing = [f"`{name}`" for name in MEASURED[kind] if name not in reports]
    parts += [f"Not shipped yet, and so without a row: {', '.join(missing)}."] if missing else []
    return "\n\n".join(parts)


def _masks(reports: dict[str, Any]) -> str:
    columns = {
        "IoU of nucleus": _each("nucleus_iou"),
        "COCO AP at IoU 0.5": _each("components_ap_50"),
        **{
            f"StarDist AP at {least}": _each("components_matched_ap", least)
            for least in ("0.5", "0.7", "0.9")
        },
    }
    return _ways(reports, columns)


def _drawings(reports: dict[str, Any]) -> str:
    table = _ways(
        reports,
        {"L1": _each("l1"), "SSIM": _each("ssim"), "feature distance": _each("feature_distance")},
    )
    for name, report in reports.items():
        found = report["metrics"]["feature_distance"]
        below = f"{100 * (1 - found[name] / found['lines']):.0f} %"
        table += f"\n\nThe feature distance of `{name}` is {below} below that of the lines; the aim is 30 %."
    return table


def _ways(reports: dict[str, Any], columns: dict[str, Column]) -> str:
    """A row for each way that was measured."""
    rows: dict[str, list[str]] = {}
    for report in reports.values():
        found = [column(report["metrics"]) for column in columns.values()]
        rows |= {way: [f"{values[way]:.3f}" for values in found] for way in found[0]}
    return marked.table(
        [["", *columns], *([NAMES.get(way, f"`{way}`"), *cells] for way, cells in rows.items())]
    )


def _each(metric: str, part: str = "") -> Column:
    """A metric of each way, or one part of it."""
    return lambda metrics: {way: value[part] if part else value for way, value in metrics[metric].items()}


def _photographs(reports: dict[str, Any]) -> str:
    rows = [["", "translated", "untouched", "real", "gap closed", "after JPEG", "cycle PSNR"]]
    for name, report in reports.items():
        metrics = report["metrics"]
        for way in ("forward", "backward"):
            distances = [metrics[f"kernel_{way}_{which}"] for which in ("translated", "untouched", "real")]
            cells = [f"{each['value']:.3f} ({each['low']:.3f} to {each['high']:.3f})" for each in distances]
            gaps = [_share(metrics[kind][way]) for kind in ("gap_closed", "gap_closed_compressed")]
            rows.append([f"`{name}`, {way}", *cells, *gaps, f"{metrics['cycle_psnr'][way]:.1f} dB"])
    return marked.table(rows)


def _share(gap: dict[str, float] | None) -> str:
    """How much of a gap is closed, with its interval."""
    if gap is None:
        return "no gap shown"
    value, low, high = (f"{100 * gap[part]:.0f}" for part in ("value", "low", "high"))
    return f"{value} % ({low} to {high})"


def _streets(reports: dict[str, Any]) -> str:
    means = [["mean IoU", "generated", "real", "share"]]
    pixels = [["pixels read as asked", "generated", "real"]]
    classes = [["IoU on generated photographs", *(f"`{name}`" for name in reports)]]
    for name, report in reports.items():
        again = report["metrics"]["resegmentation_ratio"]
        means.append([f"`{name}`", *(f"{again[which]:.3f}" for which in ("generated", "real", "share"))])
        right = report["metrics"]["resegmentation_accuracy"]
        pixels.append([f"`{name}`", *(f"{right[which]:.3f}" for which in ("generated", "real"))])
    found = [report["metrics"]["resegmentation_ratio_by_class"] for report in reports.values()]
    classes += [[name, *(f"{each[name]:.3f}" for each in found)] for name in found[0]]
    return "\n\n".join(map(marked.table, (means, pixels, classes)))


TABLES = {"masks": _masks, "drawings": _drawings, "photographs": _photographs, "streets": _streets}
"""What writes the table of each kind."""
