"""The numbers of the word vectors lab's page, its card and its row in the README."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.pages.results import block, in_minutes, recorded
from utils.base.text_tables import markdown_table

NAMES = {
    "model": "this lab",
    "word2vec": "its word2vec alone",
    "ppmi_svd": "PPMI and SVD",
    "gensim": "gensim",
    "glove_6b": "GloVe 6B, 50 numbers",
}
METRICS = {
    "wordsim": "WordSim-353",
    "simlex": "SimLex-999",
    "analogies": "analogies",
    "semantic": "semantic",
    "syntactic": "syntactic",
}
TARGETS = {"wordsim": 0.52, "simlex": 0.27, "analogies": 0.18}
"""What best has to reach on all questions."""
FASTER = 1.5
"""How many times as many words per CPU second as gensim."""


def _presets() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = recorded("word_vectors")["data"]["imdb"]
    return found


def _interval(score: Mapping[str, float]) -> str:
    return f"{score['value']:.3f} ({score['low']:.3f}–{score['high']:.3f})"


@block
def compared() -> str:
    """All vectors on all covered questions, by preset."""
    rows = []
    for preset, found in _presets().items():
        for name, scores in found["compared"].items():
            cells = [_interval(scores[metric]) if metric in scores else "–" for metric in METRICS]
            rows.append([f"`{preset}`" if name == "model" else "", NAMES[name], *cells])
    return markdown_table(["preset", "vectors", *METRICS.values()], rows)


@block
def halves() -> str:
    """The vectors of the lab on the half that settings were chosen on, and on the other one."""
    rows = []
    for preset, found in _presets().items():
        for part, title in (("validation", "settings of `best` were chosen on it"), ("test", "the other half")):
            scores = found["metrics"][part]
            cells = [_interval(scores[metric]) if metric in scores else "–" for metric in METRICS]
            questions = f"{found['data']['rows'][part]:,}"
            rows.append([f"`{preset}`" if part == "validation" else "", f"{part}: {title}", questions, *cells])
    return markdown_table(["preset", "half", "questions", *METRICS.values()], rows)


@block
def speed() -> str:
    """Words per CPU second on one thread, compared with gensim in the same process."""
    rows = []
    for preset, found in _presets().items():
        rates = found["words_per_cpu_second"]
        if "gensim" in rates:
            ours, theirs = rates["word2vec"], rates["gensim"]
            rows.append([f"`{preset}`", f"{ours:,.0f}", f"{theirs:,.0f}", f"{ours / theirs:.2f}"])
    header = ["preset", "this lab, words per CPU second", "gensim", "ratio"]
    return markdown_table(header, rows)


@block
def costs() -> str:
    """CPU and wall seconds, and memory."""
    rows = []
    for preset, found in _presets().items():
        seconds = found["seconds"]
        rows.append(
            [
                f"`{preset}`",
                str(found["threads"]),
                f"{seconds['fit_cpu']:.0f} s",
                f"{seconds['ppmi_svd_cpu']:.0f} s",
                f"{seconds['gensim_cpu']:.0f} s" if "gensim_cpu" in seconds else "–",
                f"{found['wall_seconds']:.0f} s",
                f"{found['peak_mb']:,.0f} MB",
            ]
        )
    header = ["preset", "threads", "word2vec (CPU)", "PPMI and SVD (CPU)", "gensim (CPU)", "wall time", "memory"]
    return markdown_table(header, rows)


@block
def covered() -> str:
    """How many questions the vocabulary covers."""
    found = _presets()["course"]
    some = ", ".join(
        f"{each['covered']:,} of the {each['all']:,} {'pairs of ' * (name in ('wordsim', 'simlex'))}"
        f"{METRICS[name]}{' analogies' * (name in ('semantic', 'syntactic'))}"
        for name, each in found["covered"].items()
    )
    data = found["data"]
    return (
        f"The text has {data['tokens']:,} words, of which {data['trained_tokens']:,} are in the vocabulary of "
        f"{data['words']:,} words. It covers {some}."
    )


@block
def targets() -> str:
    """What the issue of the lab asked for, and what was reached."""
    found = _presets()
    best, course = found["best"]["compared"]["model"], found["course"]
    rows = [
        [f"`best`, {METRICS[name]}", f"≥ {limit}", f"{best[name]['value']:.3f}", _reached(best[name]["value"] >= limit)]
        for name, limit in TARGETS.items()
    ]
    rates = course["words_per_cpu_second"]
    ratio = rates["word2vec"] / rates["gensim"]
    rows.append(["`course`, words per CPU second", f"≥ {FASTER} × gensim", f"{ratio:.2f} ×", _reached(ratio >= FASTER)])
    for name in TARGETS:
        ours, theirs = course["compared"]["model"][name], course["compared"]["gensim"][name]
        within = ours["value"] >= theirs["low"]
        wanted = f"gensim's interval {theirs['low']:.3f}–{theirs['high']:.3f}, or above"
        rows.append([f"`course`, {METRICS[name]}", wanted, f"{ours['value']:.3f}", _reached(within)])
    return markdown_table(["", "target", "measured", ""], rows)


def _reached(is_reached: bool) -> str:
    return "reached" if is_reached else "not reached"


@block
def neighbours() -> str:
    """Neighbours of chosen words."""
    found = _presets()["best"]["neighbours"]
    rows = [
        [f"*{word}*", ", ".join(f"{near} {cosine:.2f}" for near, cosine in words[:6])] for word, words in found.items()
    ]
    return markdown_table(["word", "nearest words and their cosines (`best`)"], rows)


@block
def occupations() -> str:
    """The ends of the axis from he to she, and how well the text explains it."""
    found = _presets()["course"]["bias"]
    words = list(found["axis"])
    return (
        f"With `course`, the occupations nearest to he are {', '.join(words[:6])}; those nearest to she are "
        f"{', '.join(reversed(words[-6:]))}. Over the {found['compared']} occupations that have at least five pronouns "
        f"near them in the text, Spearman's correlation of the cosine with the log ratio of she to he near the word is "
        f"{found['correlation']:.2f}."
    )


def row() -> list[str]:
    """The row of the table of the labs."""
    best = _presets()["best"]
    ours, glove = best["compared"]["model"], best["compared"]["glove_6b"]
    return [
        "imdb: the 5.8 million words of 25,000 reviews, in a package; your text files",
        ", ".join(f"{METRICS[name]} {ours[name]['value']:.2f}" for name in TARGETS),
        "GloVe 6B, of 6 billion words: " + ", ".join(f"{glove[name]['value']:.2f}" for name in TARGETS),
        in_minutes(best["wall_seconds"]),
    ]


def card() -> dict[str, str]:
    """The measured fields of the lab's card."""
    found = _presets()
    course, best = found["course"], found["best"]
    rates = course["words_per_cpu_second"]

    def scores(of: Mapping[str, Any]) -> str:
        return ", ".join(f"{METRICS[name]} {of[name]['value']:.3f}" for name in TARGETS)

    return {
        "Quality": f"course: {scores(course['compared']['model'])} (gensim: {scores(course['compared']['gensim'])}) at "
        f"{rates['word2vec'] / rates['gensim']:.1f} times its words per CPU second; best: "
        f"{scores(best['compared']['model'])}, on all covered questions.",
        "Time": f"course {course['wall_seconds']:.0f} s (one thread, with gensim and GloVe), best "
        f"{best['wall_seconds']:.0f} s (two cores, with GloVe), beside other programs.",
    }
