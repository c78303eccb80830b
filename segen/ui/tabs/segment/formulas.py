"""Definitions in formulas, folded below what they define."""

from __future__ import annotations

from collections.abc import Sequence

import gradio as gr

from segen.ui.framework.language import say

FORMULAS = {
    "iou": r"\mathrm{IoU}_c = \frac{TP_c}{TP_c + FP_c + FN_c},\qquad"
    r"\mathrm{mIoU} = \frac{1}{|C|} \sum_{c \in C} \mathrm{IoU}_c",
    "f1": r"P = \frac{TP}{TP + FP},\quad R = \frac{TP}{TP + FN},\quad "
    r"F_1 = \frac{2 P R}{P + R} = \frac{2\,TP}{2\,TP + FP + FN}",
    "auc_roc": r"\mathrm{AUC} = \int_0^1 \mathrm{TPR}\; d\,\mathrm{FPR}"
    r" = \Pr(s_+ > s_-) + \tfrac{1}{2} \Pr(s_+ = s_-)",
    "kmeans": r"\min_{\mu_1, \dots, \mu_k} \; \sum_{i=1}^{n} \min_{j} \lVert x_i - \mu_j \rVert^2",
    "silhouette": r"s_i = \frac{b_i - a_i}{\max(a_i, b_i)},\quad "
    r"a_i = \operatorname*{mean}_{j \in C(i),\, j \ne i} d_{ij},\quad "
    r"b_i = \min_{C \ne C(i)} \operatorname*{mean}_{j \in C} d_{ij}",
    "attention": r"A = \operatorname{softmax}\!\left(\frac{Q K^\top}{\sqrt d}\right),\qquad"
    r"\mathrm{out} = A V,\quad Q = X W_Q,\; K = X W_K,\; V = X W_V",
    "gru": r"\begin{aligned} z_t &= \sigma(W_z x_t + U_z h_{t-1} + b_z), &"
    r" r_t &= \sigma(W_r x_t + U_r h_{t-1} + b_r), \\"
    r" n_t &= \tanh(W_n x_t + b_n + r_t \odot (U_n h_{t-1} + c_n)), &"
    r" h_t &= (1 - z_t) \odot n_t + z_t \odot h_{t-1} \end{aligned}",
}
"""By name, in LaTeX: IoU of Jaccard 1912, F1 of van Rijsbergen 1979, AUC as Hanley and McNeil 1982 read it,
K-means of Lloyd 1982, silhouettes of Rousseeuw 1987, attention of Vaswani et al. 2017, equation 1,
gated recurrent units of Cho et al. 2014, equations 5 to 8, with the reset after the product."""


def formulas(names: Sequence[str]) -> None:
    """Lay out these of FORMULAS, each with what its letters stand for, closed at first."""
    with gr.Accordion(say("formulas.title"), open=False, elem_classes="formulas"):
        for name in names:
            gr.Markdown(f"$${FORMULAS[name]}$$", latex_delimiters=[_DISPLAY])
            gr.Markdown(say(f"formulas.{name}"), elem_classes="help")


_DISPLAY: dict[str, str | bool] = {"left": "$$", "right": "$$", "display": True}
