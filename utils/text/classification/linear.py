"""Linear baselines of text classification: TF-IDF and n-grams weighted by naive Bayes, with logistic regression."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from utils.metrics.classification import log_loss
from utils.text.classification.word_ngrams import WordNgrams, log_count_ratios, present, with_data
from utils.text.padding import TokenRows
from utils.text.vocabularies import WordVocabulary, count_words

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Array = NDArray[Any]
MOST_WORDS = 1_000_000
"""Size limit of the vocabulary of a linear model, so that a 3-gram is one number of 63 bits."""
POSITIVE = "good great excellent wonderful best love loved amazing perfect beautiful enjoyed brilliant"
NEGATIVE = "bad worst awful terrible boring waste poor horrible stupid worse dull poorly"
"""Words that anyone would list, chosen without the data."""
STRENGTHS = (0.03, 0.1, 0.3, 1.0)


class Texts:
    """Training, validation and test texts as numbers of words; the vocabulary is that of the training texts.

    Args:
        parts: cleaned texts of the three splits, (rows,) of str each.
        targets: class numbers of training and validation texts, (rows,) each.
        classes: number of classes.
    """

    def __init__(self, parts: Sequence[Array], targets: Sequence[Array], classes: int) -> None:
        self.vocabulary = WordVocabulary.of(count_words(parts[0]), largest=MOST_WORDS)
        self.rows: list[TokenRows] = [self.vocabulary.encode(part) for part in parts]
        self.targets = targets
        self.classes = classes


def listed_words(texts: Sequence[str], words: Sequence[str] = (NEGATIVE, POSITIVE)) -> NDArray[np.float64]:
    """Probabilities of two classes from two lists of words, (rows, 2): the fraction of listed words of each list.

    One is added to both counts, so that a text without a listed word has 0.5.
    """
    from utils.text.tokens import tokens

    lists = [frozenset(each.split()) for each in words]
    found = np.array([[sum(word in listed for word in split) for listed in lists] for split in map(tokens, texts)])
    counts = found.reshape(-1, len(words)) + 1.0
    shares: NDArray[np.float64] = counts / counts.sum(axis=1, keepdims=True)
    return shares


def tf_idf(texts: Texts, seed: int = 0) -> NDArray[np.float64]:
    """Test probabilities of logistic regression on TF-IDF of words and bigrams, (rows, classes).

    The regularization is chosen on validation.

    Source:
        Spärck Jones, A statistical interpretation of term specificity and its application in retrieval, Journal of
        Documentation 28 (1972); sublinear term frequencies as in Manning, Raghavan and Schütze (2008), section 6.4.1.
    """
    from sklearn.feature_extraction.text import TfidfTransformer

    ngrams = WordNgrams.of(texts.rows[0], texts.vocabulary, 2, min_texts=2)
    counts = [ngrams.counts(rows) for rows in texts.rows]
    transformer = TfidfTransformer(sublinear_tf=True).fit(counts[0])
    return _tuned([transformer.transform(part) for part in counts], texts, [100 * each for each in STRENGTHS], seed)


def nb_weighted(texts: Texts, seed: int = 0) -> NDArray[np.float64]:
    """Test probabilities of logistic regression on 1- to 3-grams weighted by their log-count ratio, (rows, classes).

    For more than two classes, one model per class and a softmax over their logits. The regularization is chosen on
    validation.

    Source:
        Wang and Manning, Baselines and Bigrams: Simple, Good Sentiment and Topic Classification, ACL 2012.
    """
    ngrams = WordNgrams.of(texts.rows[0], texts.vocabulary, 3, min_texts=2)
    found = [present(ngrams.counts(rows)) for rows in texts.rows]
    ratios = log_count_ratios(found[0], texts.targets[0], texts.classes)
    if texts.classes == 2:
        return _tuned([_scaled(part, ratios[:, 1]) for part in found], texts, STRENGTHS, seed)
    each = [
        _tuned([_scaled(part, ratios[:, number]) for part in found], texts, STRENGTHS, seed, of=number)[:, 1]
        for number in range(texts.classes)
    ]
    together = np.stack(each, axis=1)
    return together / together.sum(axis=1, keepdims=True)


def _scaled(matrix: csr_array, weights: Array) -> csr_array:
    """Each column times its weight."""
    return with_data(matrix, matrix.data * weights[matrix.indices])


def _tuned(
    parts: Sequence[csr_array], texts: Texts, strengths: Sequence[float], seed: int, *, of: int | None = None
) -> NDArray[np.float64]:
    """Probabilities for the test rows, of the regularization with the lowest log loss on validation.

    The model is fitted again on training and validation rows together.

    Args:
        parts: training, validation and test rows.
        texts: have the targets.
        strengths: inverse weights of the penalty, ascending.
        seed: of liblinear's order.
        of: the class to tell from all others, or None for all classes.
    """
    from scipy.sparse import vstack
    from sklearn.linear_model import LogisticRegression

    targets = [each if of is None else (each == of).astype(np.int64) for each in texts.targets]
    solver = "liblinear" if len(np.unique(targets[0])) == 2 else "lbfgs"

    def fitted(strength: float, rows: csr_array, truth: Array) -> Any:
        return LogisticRegression(C=strength, solver=solver, random_state=seed, max_iter=300).fit(rows, truth)

    losses: dict[float, float] = {}
    for strength in strengths:
        found = fitted(strength, parts[0], targets[0]).predict_proba(parts[1])
        losses[strength] = log_loss(targets[1], found)
        if losses[strength] > min(losses.values()):  # the loss has one minimum
            break
    best = min(losses, key=lambda strength: losses[strength])
    both = fitted(best, vstack(parts[:2], format="csr"), np.concatenate(targets[:2]))
    predicted: NDArray[np.float64] = both.predict_proba(parts[2])
    return predicted
