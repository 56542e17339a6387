"""The hyperparameters and presets of the word vectors lab."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from utils.base.config import STRICT, BaseConfig, Count, NonNegative, Share

TITLE = "Words as vectors: word2vec in TensorFlow, compared with counting, gensim and GloVe"
COMMANDS = {
    "neighbours": "labs.word_vectors.commands:Neighbours",
    "analogy": "labs.word_vectors.commands:Analogy",
    "map": "labs.word_vectors.commands:Map",
    "save": "labs.word_vectors.commands:Save",
}

ModelKind = Literal["skip_gram", "cbow"]
Window = Annotated[int, Field(ge=1, le=50)]
Dimension = Annotated[int, Field(ge=2, le=2048)]
Power = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Config(BaseConfig):
    """The hyperparameters of the word vectors lab; the defaults are those of word2vec and gensim."""

    data_dir: Path | None = None
    """A text file, or a folder of .txt files, instead of a data set of the catalogue."""
    model: ModelKind = "skip_gram"
    """skip_gram predicts each word around a word from that word; cbow predicts a word from the mean of those around."""
    dimension: Dimension = 100
    """Length of a vector, as in gensim."""
    window: Window = 5
    """Largest distance of two words that are a pair. It is drawn between 1 and this for every word (Mikolov 2013)."""
    negatives: Count = 5
    """Weight of the random words per pair: the paper takes 5 to 20 on small corpora."""
    power: Power = 0.75
    """Random words are drawn in proportion to their count to this power, as in the paper."""
    sample: NonNegative = 1e-3
    """Words with a larger share of the text than this are left out at random (subsampling); 0 keeps all. As gensim."""
    part: Share = 1.0
    """Fraction of the texts that is used, spread over the file."""
    min_count: Count = 5
    """Smallest number of occurrences of a word in the vocabulary, as in word2vec."""
    most_words: Count = 200_000
    """Largest number of words in the vocabulary, the most frequent ones; bounds the memory."""
    epochs: Count = 5
    """Number of passes over the text, as in gensim."""
    learning_rate: NonNegative = 0.0
    """Step size at the beginning; it decreases linearly to almost zero. 0 takes 0.025 for skip_gram, 0.1 for cbow."""
    block: Count = 32
    """Consecutive words that share their random words: large ones are faster (Ji et al. 2016)."""
    batch_size: Count = 16
    """Blocks per gradient step, from random places of the text; fewer in a text of few different words."""
    shared: Count = 32
    """Random words that a block shares; their weights add up to `negatives` per pair."""
    counts_window: Window = 5
    """Largest distance of two words that are counted, for the vectors of counting (PPMI and SVD)."""
    counts_dimension: Dimension = 100
    """Number of singular values of those vectors."""
    counts_power: Power = 0.5
    """Power of the singular values in those vectors (Levy et al. 2015): 0.5 is between similarity and analogies."""
    counts_weight: NonNegative = 0.0
    """Length of those vectors, appended to vectors of word2vec at length one; 0 does not append them."""
    gensim: bool = False
    """Also train gensim on the same text with the same settings, to compare quality and speed (the extra peers)."""
    glove: bool = False
    """Also evaluate GloVe 6B, trained on 6 billion words, as the upper reference (the extra glove)."""


PRESETS: dict[str, dict[str, Any]] = {
    "course": {},
    "quick": {"part": 0.2, "epochs": 2, "dimension": 50, "min_count": 20, "counts_dimension": 50},
    # Pairs in a small window make words similar that can replace each other, counts in a larger one those of a topic:
    # joined they are better on all tasks. That they are joined, and which values were compared, followed from
    # experiments on all questions. Of these values, the window (2 or 3), the power (0 or 0.5) and the weight (0.8, 1 or
    # 1.2) have the largest sum of the three metrics on the validation half of the questions.
    "best": {
        "window": 2,
        "dimension": 200,
        "sample": 1e-4,
        "epochs": 15,
        "counts_dimension": 300,
        "counts_power": 0.0,
        "counts_weight": 0.8,
    },
}
