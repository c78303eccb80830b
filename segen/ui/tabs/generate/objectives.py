"""What the networks that generate are trained for, as formulas and in words."""

from __future__ import annotations

from segen.registry import ModelCard
from segen.registry.options import DiffusionOptions, GenerateOptions
from segen.text import catalogue, words


def diffuses(card: ModelCard[GenerateOptions]) -> bool:
    """Whether the card draws by diffusion."""
    return card.options.diffusion


def taught_guidance(card: ModelCard) -> float:
    """The guidance of the teacher that the shipped weights of a diffusing card learned from; 0 for none."""
    return card.options.taught_guidance if isinstance(card.options, DiffusionOptions) else 0.0


def known_timesteps(card: ModelCard) -> int:
    """How many timesteps a distilled network knows, and needs; 0 for other cards."""
    return len(card.options.timesteps) if isinstance(card.options, DiffusionOptions) else 0


def guidance(card: ModelCard, language: str) -> str:
    """What the slider of guidance does to this card's pictures."""
    said = words(language, "diffusion.guidance_help")
    if taught := taught_guidance(card):
        said += " " + words(language, "diffusion.guidance_taught", guidance=f"{taught:g}")
    return said


def objective(card: ModelCard, language: str) -> str:
    """What the card's network is trained for, as Markdown with LaTeX; empty for an unknown family."""
    family = card.options.family
    if f"generate.formulas_{family}" not in catalogue(language):
        return ""
    lines = words(language, f"generate.formulas_{family}").splitlines()
    formulas = "\n\n".join(f"$${line}$$" for line in lines)
    taught = 0 if known_timesteps(card) else taught_guidance(card)
    said = words(language, "generate.objective_taught", guidance=f"{taught:g}") if taught else ""
    return f"{formulas}\n\n{words(language, f'generate.objective_{family}')}\n\n{said}"
