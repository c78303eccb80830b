"""What is told of a card that generates: what it is trained for, and how good its pictures are."""

from __future__ import annotations

from html import escape
from typing import Any

from segen.registry import ModelCard
from segen.registry.options import GenerateOptions
from segen.text import split_name, words

OBJECTIVES = {
    "gan": (
        r"\min_G \max_D V = \mathbb{E}_x[\log D(x)] + \mathbb{E}_z[\log(1 - D(G(z)))]",
        r"\text{G:}\quad \max_G \mathbb{E}_z[\log D(G(z))]",
    ),
    "cgan": (
        r"\min_G \max_D V = \mathbb{E}_{x,y}[\log D(x, y)] + \mathbb{E}_{z,y}[\log(1 - D(G(z, y), y))]",
        r"\text{G:}\quad \max_G \mathbb{E}_{z,y}[\log D(G(z, y), y)]",
    ),
    "wasserstein": (
        r"W = \sup_{\lVert f \rVert_L \le 1} \mathbb{E}_x[f(x)] - \mathbb{E}_z[f(G(z))]",
        r"\max_f \mathbb{E}_x[f(x)] - \mathbb{E}_z[f(G(z))]"
        r" - \lambda\,\mathbb{E}_{\hat x}[(\lVert \nabla f(\hat x) \rVert_2 - 1)^2]",
        r"\text{G:}\quad \max_G \mathbb{E}_z[f(G(z))]",
    ),
    "vae": (
        r"\log p(x) \ge \mathbb{E}_{q(z|x)}[\log p(x|z)] - \mathrm{KL}(q(z|x) \,\|\, p(z))",
        r"\mathrm{KL} = \tfrac{1}{2} \textstyle\sum_i (\mu_i^2 + \sigma_i^2 - \log \sigma_i^2 - 1)",
    ),
    "diffusion": (
        r"-\log p(x_0) \le L_T + \textstyle\sum_{t>1} L_{t-1} + L_0",
        r"L_{t-1} = \mathbb{E}_q[\mathrm{KL}(q(x_{t-1}|x_t,x_0) \,\|\, p_\theta(x_{t-1}|x_t))]",
        r"L_{\text{simple}} = \mathbb{E}_{t,x_0,\epsilon}\lVert \epsilon - \epsilon_\theta(x_t, t) \rVert^2",
        r"x_t = \sqrt{\bar\alpha_t}\,x_0 + \sqrt{1-\bar\alpha_t}\,\epsilon",
    ),
}
"""The formulas of each family in LaTeX: Goodfellow et al. 2014, equation 1 and section 3; Mirza and
Osindero 2014, with the same loss for G; Gulrajani et al. 2017, equations 2 and 3; Kingma and Welling 2014,
equation 3 and appendix B; Ho et al. 2020, equations 5 and 14. A card names its family in its options."""

SHARES = ("manifold_precision", "manifold_recall", "largest_class_share", "label_agreement")
"""Metrics that are shown as a percentage."""
NUMBERS = {"diversity": ".2f", "classes_hit": "d", "elbo": ".1f", "kl": ".1f"}
"""Other metrics of one number, and how it is written."""


def diffuses(card: ModelCard[GenerateOptions]) -> bool:
    """Whether the card draws by diffusion."""
    return card.options.diffusion


def objective(card: ModelCard, language: str) -> str:
    """What the card's network is trained for, as Markdown with LaTeX; empty for an unknown family."""
    family = card.options.family
    if family not in OBJECTIVES:
        return ""
    formulas = "\n\n".join(f"$${formula}$$" for formula in OBJECTIVES[family])
    heading = words(language, "generate.objective")
    return f"#### {heading}\n\n{formulas}\n\n{words(language, f'generate.objective_{family}')}"


def measured(card: ModelCard, language: str) -> str:
    """The card's numbers beside floor and ceiling as an HTML table; empty before they were measured."""
    report = card.report()
    metrics: dict[str, Any] = report.get("metrics", {})
    if "frechet_distance" not in metrics:
        return ""
    rows = [
        _row(
            words(language, "generate.frechet"),
            *(f"{metrics[f'frechet_{part}']:.2f}" for part in ("distance", "floor", "ceiling")),
        ),
        _row(
            words(language, "generate.kernel"),
            *(_interval(metrics[f"kernel_{part}"]) for part in ("distance", "floor", "ceiling")),
        ),
    ]
    if fid := metrics.get("fid"):
        rows.append(_row(words(language, "generate.fid"), *(f"{value:.2f}" for value in fid.values())))
    rows += [
        _row(words(language, "generate.frechet_at", samples=samples), f"{value:.2f}")
        for samples, value in metrics["frechet_by_samples"].items()
    ]
    for name in (*SHARES, *NUMBERS):
        if (value := metrics.get(name)) is not None:
            shown = _share(value) if name in SHARES else format(value, NUMBERS[name])
            rows.append(_row(words(language, f"generate.{name}", classes=len(card.classes)), shown))
    for scale, agreement in metrics.get("agreement_by_guidance", {}).items():
        distance = metrics["frechet_by_guidance"][scale]
        rows += [
            _row(words(language, "generate.frechet_guided", guidance=scale), f"{distance:.2f}"),
            _row(words(language, "generate.agreement_guided", guidance=scale), _share(agreement)),
        ]
    heads = "".join(
        f"<th scope='col'>{escape(words(language, f'generate.{column}'))}</th>"
        for column in ("measure", "value", "floor", "ceiling")
    )
    how = words(
        language,
        "generate.measured_on",
        items=f"{report['items']:,}",
        split=split_name(language, report["split"]),
        features=words(language, f"features.{'grey' if card.options.grey else 'color'}"),
    )
    return (
        f"<h3>{escape(words(language, 'generate.measured'))}</h3><p>{escape(how)}</p>"
        f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        f"<p>{escape(words(language, 'generate.why_lies'))}</p>"
    )


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


def _row(name: str, *values: str) -> str:
    cells = "".join(f"<td>{value}</td>" for value in (*values, *[""] * (3 - len(values))))
    return f"<tr><th scope='row'>{escape(name)}</th>{cells}</tr>"


def _interval(found: dict[str, float]) -> str:
    value, low, high = (
        f"{round(found[part], 3) + 0.0:.3f}".replace("-", "−") for part in ("value", "low", "high")
    )
    return f"{value} <small>{low} … {high}</small>"
