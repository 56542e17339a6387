"""Texts from a trained network: generated after training, and compared with the text that it learned from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from labs.language.commands.write import Writer
from labs.language.data import Texts, texts_of
from utils.export.predictor import predictor
from utils.text.generating.copying import Corpus
from utils.text.next_token import log_loss, losses, nats_of_tokens, perplexity
from utils.text.sequences import PADDING
from utils.training.results import Fitted

SHOWN = 3


def inspect(fitted: Fitted) -> dict[str, Any]:
    """What a run says of its network besides its metrics.

    Returns:
        `amounts`: characters, tokens and unknown tokens of each part. `n_gram`: its order, and the loss on the test
        split by order. `with_n_gram`: metrics of the mean of both models. `by_position`: nats per character at each
        position of a test window. `written`: how texts were generated, how much they and the test text copy from the
        training text, and the first of them.
    """
    config: Any = fitted.config
    texts = texts_of(fitted.splits)
    nats = nats_of_windows(fitted.model, texts)
    found = {
        "amounts": amounts(texts),
        "n_gram": {"order": texts.baselines.order, "log_loss": texts.baselines.log_losses()},
        "by_position": by_position(nats, texts),
        "with_n_gram": with_n_gram(nats, texts),
    }
    if config.refit:
        found["refit"] = True
    if config.written:
        found["written"] = _written(fitted.model, texts)
    return found


def amounts(texts: Texts) -> dict[str, dict[str, float]]:
    """The number of characters and of tokens of each part, and the fraction of its tokens that are unknown."""
    return {
        name: {
            "characters": int(part.characters.sum()),
            "tokens": len(part),
            "unknown": float(np.mean(part.tokens == 1)),
        }
        for name, part in texts.encoded.items()
    }


def nats_of_windows(model: keras.Model, texts: Texts) -> NDArray[np.float64]:
    """The negative log-probability of the token after each position of the test windows, (windows, span)."""
    inputs, targets = texts.test.inputs, texts.test.targets["tokens"]
    following = np.concatenate([inputs[:, 1:], targets[:, -1:]], axis=1)
    return nats_of_tokens(predictor(model), inputs, following)


def by_position(nats: NDArray[np.float64], texts: Texts) -> list[float]:
    """Mean loss at each position of test windows in nats per character, without the spelling of tokens.

    The first position has one token of context, the last one the whole window.

    Args:
        nats: of `nats_of_windows`.
        texts: the splits.
    """
    whole = nats[:-1] if len(nats) > 1 else nats  # the text may end within the last window
    test = texts.encoded["test"]
    per_token = float(test.characters.sum()) / len(test)
    return [round(float(value), 4) for value in whole.mean(axis=0) / per_token]


def with_n_gram(nats: NDArray[np.float64], texts: Texts) -> dict[str, float]:
    """What the network and the n-gram predict together: the mean of their probabilities, on the test split.

    The classical way to combine them (Mikolov et al. 2011, Empirical Evaluation and Combination of Advanced Language
    Modeling Techniques); both weights are one half, so that nothing is chosen.

    Args:
        nats: of `nats_of_windows`.
        texts: the splits.
    """
    targets: Any = texts.test.targets
    both = np.log(2) - np.logaddexp(-nats, -texts.baselines.nats)
    found = losses(np.where(targets["tokens"] == PADDING, 0, both), targets)
    return {"log_loss": log_loss(targets, found), "perplexity": perplexity(targets, found)}


def _written(model: keras.Model, texts: Texts) -> dict[str, Any]:
    config = texts.config
    how = {name: getattr(config, name) for name in ("temperature", "top_k", "top_p", "seed")}
    made = Writer(model, texts.tokenizer).write("", config.characters, config.written, **how)
    trained = Corpus([texts.texts[name] for name in (("train", "validation") if config.refit else ("train",))])
    test = texts.texts["test"]
    places = np.linspace(0, max(0, len(test) - config.characters), config.written).astype(int)
    held_out = [test[place : place + config.characters] for place in places]
    return {
        **how,
        "number": len(made),
        "characters": config.characters,
        "longest_copied_run": {
            "generated": _runs(trained, made),
            "held_out": _runs(trained, held_out),
        },
        "shown": made[:SHOWN],
    }


def _runs(trained: Corpus, texts: list[str]) -> dict[str, float]:
    runs = [trained.longest_run(text) for text in texts]
    return {"median": float(np.median(runs)), "largest": max(runs)}


def remarks(details: Mapping[str, Any]) -> list[str]:
    """Sentences on the results of `inspect`."""
    order, test = details["n_gram"]["order"], details["amounts"]["test"]
    found = [
        f"The test split has {test['characters']:,} characters in {test['tokens']:,} tokens"
        + (f", {test['unknown']:.1%} of them outside the vocabulary" if test["unknown"] else "")
        + f". The {order}-gram has the lowest loss on validation of all n-grams."
    ]
    if details.get("refit"):
        found.append("The network was trained on the validation text, too: its validation metrics are of trained text.")
    both = details["with_n_gram"]
    found.append(
        f"The mean of the probabilities of the network and of the n-gram has {both['log_loss']:.3f} nat per character "
        f"and a perplexity of {both['perplexity']:.1f} per token."
    )
    if "written" in details:
        written = details["written"]
        runs = written["longest_copied_run"]
        found.append(
            f"{written['number']} generated texts of {written['characters']} characters at temperature "
            f"{written['temperature']:g}: the longest run of characters that is also in the training text has "
            f"{runs['generated']['median']:.0f} characters (median); of as many pieces of the test text, "
            f"{runs['held_out']['median']:.0f}."
        )
    return found
