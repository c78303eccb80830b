"""The tables of docs/translation.md, from what `segen evaluate` wrote beside the weights of the cards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks import marked
from segen.registry import cards

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
        f"`segen evaluate --model {name} --data DIR --split {report['split']}`: {report['items']} items"
        for name, report in reports.items()
    ]
    missing = [f"`{name}`" for name in MEASURED[kind] if name not in reports]
    parts += [f"Not shipped yet, and so without a row: {', '.join(missing)}."] if missing else []
    return "\n\n".join(parts)


def _masks(reports: dict[str, Any]) -> str:
    columns = {"IoU of nucleus": ("nucleus_iou", 1), "AP at IoU 0.5": ("components_ap_50", 1)}
    return _ways(reports, columns)


def _drawings(reports: dict[str, Any]) -> str:
    columns = {"L1": ("l1", -1), "SSIM": ("ssim", 1), "feature distance": ("feature_distance", -1)}
    table = _ways(reports, columns)
    for name, report in reports.items():
        found = report["metrics"]["feature_distance"]
        below = f"{100 * (1 - found[name] / found['lines']):.0f} %"
        table += f"\n\nThe feature distance of `{name}` is {below} below that of the lines; the aim is 30 %."
    return table


def _ways(reports: dict[str, Any], columns: dict[str, tuple[str, int]]) -> str:
    """A row for each way that was measured, the best of each column in bold; -1: the least is the best."""
    found: dict[str, dict[str, float]] = {}
    for metric, _ in columns.values():
        found[metric] = {
            way: value for report in reports.values() for way, value in report["metrics"][metric].items()
        }
    best = {
        metric: max(found[metric].values(), key=lambda each: each * sign) for metric, sign in columns.values()
    }
    rows = [["", *columns]]
    for way in next(iter(found.values())):
        values = {metric: found[metric][way] for metric, _ in columns.values()}
        cells = [
            f"**{value:.3f}**" if value == best[metric] else f"{value:.3f}"
            for metric, value in values.items()
        ]
        rows.append([NAMES.get(way, f"`{way}`"), *cells])
    return marked.table(rows)


def _photographs(reports: dict[str, Any]) -> str:
    rows = [["", "translated", "untouched", "real", "gap closed", "after JPEG", "cycle PSNR"]]
    for name, report in reports.items():
        metrics = report["metrics"]
        for way in ("forward", "backward"):
            distances = [metrics[f"kernel_{way}_{which}"] for which in ("translated", "untouched", "real")]
            cells = [f"{each['value']:.3f} ({each['low']:.3f} to {each['high']:.3f})" for each in distances]
            gaps = [f"{100 * metrics[kind][way]:.0f} %" for kind in ("gap_closed", "gap_closed_compressed")]
            rows.append([f"`{name}`, {way}", *cells, *gaps, f"{metrics['cycle_psnr'][way]:.1f} dB"])
    return marked.table(rows)


def _streets(reports: dict[str, Any]) -> str:
    means = [["", "generated", "real", "share"]]
    classes = [["IoU on generated photographs", *(f"`{name}`" for name in reports)]]
    for name, report in reports.items():
        again = report["metrics"]["resegmentation_ratio"]
        means.append([f"`{name}`", *(f"{again[which]:.3f}" for which in ("generated", "real", "share"))])
    found = [report["metrics"]["resegmentation_ratio_by_class"] for report in reports.values()]
    classes += [[name, *(f"{each[name]:.3f}" for each in found)] for name in found[0]]
    return f"{marked.table(means)}\n\n{marked.table(classes)}"


TABLES = {"masks": _masks, "drawings": _drawings, "photographs": _photographs, "streets": _streets}
"""What writes the table of each kind."""
