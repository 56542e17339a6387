"""What is reported of a trained network besides its metrics: decoded translations, next to those of simple methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labs.translation import data
from labs.translation.data import Pairs
from labs.translation.steps import stepped
from labs.translation.texts.pairs import Texts
from utils.base.config import SMOKE_PRESET
from utils.datasets.splits import Splits
from utils.figures.plots import wilson
from utils.text.pairs.dictionary import Dictionary
from utils.text.pairs.scores import scores
from utils.training.results import Fitted

Array = NDArray[Any]
SHOWN = 6
"""Number of translations that are recorded, half of them wrong if there are as many."""
PARTS = 5
"""Number of groups of test pairs of similar length."""
FEW = 20
"""Largest number of different lengths for which each has a group of its own."""
NETWORK, GREEDY = "network", "network, greedy"


def baselines(config: Any, splits: Splits) -> Mapping[str, Array]:  # noqa: ARG001
    """Losses of the test pairs by the frequencies of the tokens of the training targets, see `pair_losses`.

    What can be known without reading the source; it always writes the most frequent token.
    """
    trained = splits.train.targets
    counts = np.bincount(trained[trained >= 0], minlength=len(splits.categories["target"])) + 1.0
    nats = -np.log(counts / counts.sum())
    truth = splits.test.targets
    real = truth >= 0
    right = (truth == counts.argmax()) & real
    rows = [np.where(real, nats[np.maximum(truth, 0)], 0).sum(axis=1), real.sum(axis=1)]
    return {"token_frequencies": np.stack([*rows, right.sum(axis=1), (right == real).all(axis=1)], axis=1)}


def inspect(fitted: Fitted) -> dict[str, Any]:
    """Translate the test pairs with the network and with simple methods.

    Returns:
        `translations`: by method, `scores` of `utils.text.pairs.scores`, `beams` and `length_penalty` of the network.
        `by_length`: of the network, the fraction of exact matches by length of the source in tokens. `shown`: some
        translations.
    """
    config, splits = fitted.config, fitted.splits
    assert isinstance(splits, Pairs), "splits of this lab"
    texts = splits.texts["test"]
    sources, truth = ([pair[side] for pair in texts] for side in (0, 1))
    sentences = config.tokens != "characters"
    decoder, target = stepped(fitted.model), data.vocabularies(splits.categories)[1]
    source = splits.test.inputs["source"]
    longest = splits.test.targets.shape[1]

    def translated(beams: int) -> list[str]:
        found = decoder.translate(source, longest=longest, beams=beams, penalty=config.length_penalty)
        return [target.decode(row) for row in found.tokens[:, 0]]

    best = translated(config.beams)
    found = {NETWORK: best, **({GREEDY: translated(1)} if config.beams > 1 else {})}
    found |= simple(sources, splits.texts["train"], slow=fitted.preset != SMOKE_PRESET)
    measured = {
        name: scores(each, truth, sentences=sentences, intervals=name == NETWORK) for name, each in found.items()
    }
    measured[NETWORK] |= {"beams": config.beams, "length_penalty": config.length_penalty}
    right = np.array([one == other for one, other in zip(best, truth, strict=True)])
    return {
        "translations": measured,
        "by_length": by_length((source != 0).sum(axis=1) - 1, right),
        "shown": _shown(texts, best, right),
    }


def simple(sources: Sequence[str], trained: Texts, *, slow: bool) -> dict[str, list[str]]:
    """Translations of simple methods, by name.

    `copying` returns the source. `dictionary` translates word by word, see `utils.text.pairs.dictionary`.
    `most similar` returns the target of the training source with the most similar groups of characters (cosine of
    TF-IDF), as a translation memory does.

    Args:
        sources: of the test pairs.
        trained: the training pairs.
        slow: whether to include the most similar pairs.
    """
    found = {"copying": list(sources), "dictionary": list(map(Dictionary(trained).translate, sources))}
    if slow:
        found["most similar"] = most_similar(sources, trained)
    return found


def most_similar(sources: Sequence[str], trained: Texts) -> list[str]:
    """The target of the most similar training source of each source."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 4), dtype=np.float32)
    known = vectorizer.fit_transform([source for source, _ in trained])
    asked = vectorizer.transform(sources)
    chosen: list[int] = []
    for start in range(0, len(sources), 100):
        chosen += np.asarray((asked[start : start + 100] @ known.T).argmax(axis=1)).ravel().tolist()
    return [trained[row][1] for row in chosen]


def by_length(lengths: Array, right: Array) -> list[dict[str, Any]]:
    """The fraction of exact matches with its 95 % interval by length: each length, or fifths of the pairs."""
    different = np.unique(lengths)
    order = np.argsort(lengths, kind="stable")
    groups = [np.flatnonzero(lengths == length) for length in different]
    if len(different) > FEW:
        groups = [rows for rows in np.array_split(order, PARTS) if len(rows)]
    found = []
    for rows in groups:
        low, high = wilson(right[rows].mean(), len(rows))
        about = {"tokens": [int(lengths[rows].min()), int(lengths[rows].max())], "rows": len(rows)}
        found.append({**about, "exact_match": float(right[rows].mean()), "low": float(low), "high": float(high)})
    return found


def _shown(texts: Texts, best: Sequence[str], right: Array) -> list[dict[str, str]]:
    """Some translations: half of them wrong, if there are as many."""
    wrong = np.flatnonzero(~right)[: SHOWN // 2].tolist()
    rows = [*np.flatnonzero(right)[: SHOWN - len(wrong)].tolist(), *wrong]
    return [{"source": texts[row][0], "target": texts[row][1], "translation": best[row]} for row in rows]


def remarks(details: Mapping[str, Any]) -> list[str]:
    """Sentences on the translations of `inspect`."""
    found = details["translations"]
    network = found[NETWORK]
    way = "greedy decoding" if network["beams"] == 1 else f"a beam search with {network['beams']} hypotheses"
    exact, errors = (network[name] for name in ("exact_match", "character_error_rate"))
    said = [f"With {way}, {exact:.2%} of the test pairs are exactly right and {errors:.2%} of the characters wrong."]
    if "bleu" in network:
        low, high = network["bleu_interval"]
        others = ", ".join(f"{name} {each['bleu']:.1f}" for name, each in found.items() if name != NETWORK)
        said.append(
            f"BLEU {network['bleu']:.1f} (95 % interval {low:.1f} to {high:.1f}), chrF {network['chrf']:.1f}, both in "
            f"lower case; BLEU of {others}."
        )
    return said
