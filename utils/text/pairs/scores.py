"""How close translations are to the reference: exact match, edit distance, BLEU and chrF."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray


def edit_distances(texts: Sequence[str], others: Sequence[str]) -> NDArray[np.int64]:
    """The Levenshtein distance of each pair of texts, (rows,): insertions, deletions and substitutions.

    All rows are computed at once, row by row of their tables.
    """
    first, second = _codes(texts), _codes(others)
    ends = np.array([[len(one), len(other)] for one, other in zip(texts, others, strict=True)])
    steps = np.arange(second.shape[1] + 1)
    table = np.tile(steps, (len(texts), 1))
    found = np.where(ends[:, 0] == 0, ends[:, 1], 0)
    for place in range(first.shape[1]):
        new = np.empty_like(table)
        new[:, 0] = place + 1
        substituted = table[:, :-1] + (first[:, place, None] != second)
        new[:, 1:] = np.minimum(substituted, table[:, 1:] + 1)
        table = np.minimum.accumulate(new - steps, axis=1) + steps  # insertions
        done = np.flatnonzero(ends[:, 0] == place + 1)
        found[done] = table[done, ends[done, 1]]
    return found


def _codes(texts: Sequence[str]) -> NDArray[np.int32]:
    """The code points of texts, (rows, longest) int32, −1 behind the end."""
    codes = np.full((len(texts), max(map(len, texts), default=0)), -1, dtype=np.int32)
    for row, text in zip(codes, texts, strict=True):
        row[: len(text)] = list(map(ord, text))
    return codes


def scores(found: Sequence[str], truth: Sequence[str], *, sentences: bool, intervals: bool = False) -> dict[str, Any]:
    """Scores of translations.

    Args:
        found: the translations.
        truth: the reference of each.
        sentences: whether the texts are sentences, for which BLEU and chrF are defined.
        intervals: whether BLEU and chrF have 95 % intervals, by bootstrap.

    Returns:
        `exact_match`, `character_error_rate` (edit distance over the characters of the references) and, for sentences
        where the package sacrebleu is installed, `bleu` and `chrf` in lower case, and `bleu_signature`.
    """
    distances = edit_distances(found, truth)
    result: dict[str, Any] = {
        "exact_match": float(np.mean([one == other for one, other in zip(found, truth, strict=True)])),
        "character_error_rate": float(distances.sum() / sum(map(len, truth))),
    }
    if sentences and find_spec("sacrebleu") is not None:
        result |= sentence_scores(found, truth, resamples=1000 if intervals else 0)
    return result


def sentence_scores(found: Sequence[str], truth: Sequence[str], *, resamples: int = 0) -> dict[str, Any]:
    """BLEU and chrF of the package sacrebleu, in lower case, and their signatures.

    Args:
        found: the translations.
        truth: the references.
        resamples: of the bootstrap of 95 % intervals (Koehn 2004); 0 gives none.

    Source:
        Post, A Call for Clarity in Reporting BLEU Scores, WMT 2018; Popović, chrF, WMT 2015.
    """
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    result: dict[str, Any] = {}
    for name, metric in (("bleu", BLEU(lowercase=True)), ("chrf", CHRF(lowercase=True))):
        result[name] = float(metric.corpus_score(list(found), [list(truth)]).score)
        result[f"{name}_signature"] = str(metric.get_signature())
    if resamples:
        result["bleu_interval"] = bleu_interval(found, truth, resamples)
    return result


def bleu_interval(found: Sequence[str], truth: Sequence[str], resamples: int) -> list[float]:
    """The 95 % interval of BLEU by bootstrap: its counts per sentence are added up for each sample of sentences.

    sacrebleu's own bootstrap fails with NumPy 2 and Python 3.11 (it mixes float32 and float).
    """
    from sacrebleu.metrics.bleu import BLEU

    metric = BLEU(lowercase=True)
    counts = np.array(metric._extract_corpus_statistics(list(found), [list(truth)]))
    draws = np.random.default_rng(0).integers(len(found), size=(resamples, len(found)))
    values = [metric._compute_score_from_stats(counts[rows].sum(axis=0).tolist()).score for rows in draws]
    low, high = np.percentile(values, [2.5, 97.5])
    return [float(low), float(high)]
