"""What the embedded model's weights in Q8_0 cost and gain: how far they move the model, and how fast each form is read.

    python bench/embedded_weights.py

Needs the extras `embedded` and `train`. Divergence is the mean over tokens of KL(packaged || requantised), on the
references of the packaged sample; speed is the median of five prompts of 500 tokens behind 1,500 that are cached.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from penmark.benchmarks.sample import Sample
from penmark.folders import cache_folder
from penmark.models._embedded_weights import fast_weights
from penmark.models._trainable import trainable_folder
from penmark.models.embedded import OWN, EmbeddedModel, find_weights
from penmark.protocols import ModelOptions, Prompt, Sampling

FORMS = ("Q8_0", "Q5_1", "Q5_0", "Q4_0")
SHARED_WORDS, TAIL_WORDS, ASKED = 1100, 370, 5  # a word is some 1.35 tokens


def main() -> None:
    """Print both tables."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    weights = find_weights()
    print("form  KL divergence  same likeliest token")
    for form, divergence, same in divergences(weights):
        print(f"{form:5} {divergence:14.4f} {same:20.1%}")
    with TemporaryDirectory() as folder, fast_weights(weights, Path(folder)) as fast:
        for name, file in {"as packaged": weights, "Q8_0": fast}.items():
            print(f"{name:12} {asyncio.run(ms_a_token(file)):5.2f} ms a prompt token")


def divergences(weights: Path) -> Iterator[tuple[str, float, float]]:
    """(form, mean KL divergence, share of tokens with the same likeliest next one) of the requantised model."""
    import torch
    from gguf import GGMLQuantizationType
    from gguf.quants import dequantize, quantize
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = trainable_folder(weights, cache_folder() / "models")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    texts = [task.reference for task in Sample().tasks()]

    def log_probabilities(change: Callable[[Any], Any]) -> list[Any]:
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        for name, matrix in model.named_parameters():
            if matrix.ndim == 2 and "embed" not in name:  # The embedding is packaged in Q8_0.
                matrix.data = torch.from_numpy(change(matrix.data.numpy()).reshape(matrix.shape).copy())
        with torch.inference_mode():
            inputs = (tokenizer(text, return_tensors="pt").input_ids for text in texts)
            return [torch.log_softmax(model(ids).logits[0].float(), -1) for ids in inputs]

    packaged = log_probabilities(lambda values: values)
    for form in FORMS:
        kind = GGMLQuantizationType[form]
        made = log_probabilities(lambda values, kind=kind: dequantize(quantize(values, kind), kind))
        pairs = list(zip(packaged, made, strict=True))
        divergence = torch.cat([(p.exp() * (p - q)).sum(-1) for p, q in pairs]).mean()
        same = torch.cat([(p.argmax(-1) == q.argmax(-1)).float() for p, q in pairs]).mean()
        yield form, float(divergence), float(same)


async def ms_a_token(file: Path) -> float:
    """Median time to read a token of a prompt whose beginning is cached."""
    os.environ[OWN] = str(file)
    draw = random.Random(0)
    words = ["river", "stone", "paper", "evening", "copper", "window", "quietly", "returned", "against", "seven"]
    shared = " ".join(draw.choices(words, k=SHARED_WORDS))
    one = Sampling(temperature=0.0, max_tokens=1)
    found = []
    async with EmbeddedModel(file, ModelOptions()) as model:
        await model.complete(Prompt(shared=shared, tail=" end"), one, schema=None)
        for _ in range(ASKED):
            tail = " ".join(draw.choices(words, k=TAIL_WORDS))
            began = time.perf_counter()
            reply = await model.complete(Prompt(shared=shared, tail=f" {tail}"), one, schema=None)
            read = (reply.tokens_in or 0) - (reply.tokens_cached or 0)
            found.append(1000 * (time.perf_counter() - began) / read)
    return median(found)


if __name__ == "__main__":
    main()
