"""What judges and writers are asked for, fitted to the model where the user chose nothing."""

from __future__ import annotations

from dataclasses import replace

from penmark import registry
from penmark.protocols import JudgeOptions, ModelTraits


def traits_of(model: str) -> ModelTraits:
    """What is known of the provider of the model with this name.

    Raises:
        ConfigError: when there is no such provider.
    """
    traits: ModelTraits = getattr(registry.load("models", model.partition("/")[0]), "TRAITS", ModelTraits())
    return traits


def fitted(options: JudgeOptions, model: str | None) -> JudgeOptions:
    """The options of a judge that asks this model; as they are where it asks none.

    Raises:
        ConfigError: when there is no such provider.
    """
    if model is None:
        return options
    traits = traits_of(model)
    language = options.prompt_language or traits.prompt_language
    return replace(options, prompt_language=language, can_sum=traits.can_sum)
