"""The numbers of the sentiment lab's page, its card and its row in the README."""

from __future__ import annotations

from typing import Any

from benchmarks.pages.results import block, course_time, in_minutes, measured, recorded, spread
from utils.base.text_tables import markdown_table

STRONGEST = "nb_weighted_logistic_regression"
TITLES = {
    "imdb": "imdb: the last fifth of each label held out",
    "rotten-tomatoes": "rotten-tomatoes: a random tenth held out",
}


def _presets(data: str = "imdb") -> dict[str, Any]:
    found: dict[str, Any] = recorded("sentiment")["data"][data]
    return found


def row() -> list[str]:
    """The row of the table of the labs."""
    best = _presets()["best"]
    return [
        "imdb: 25,000 reviews, in a package; sentences of Rotten Tomatoes; any CSV file of texts",
        f"accuracy {spread(best['test']['accuracy'], 3)}",
        f"n-grams weighted by naive Bayes {best['baselines'][STRONGEST]['accuracy']:.3f}",
        in_minutes(best["wall_seconds"]),
    ]


@block
def presets() -> str:
    """Every preset that was measured."""
    rows = []
    for data, found in recorded("sentiment")["data"].items():
        for preset, each in found.items():
            rows.append(
                [
                    f"{TITLES[data]}, `{preset}`",
                    spread(each["test"]["accuracy"], 3),
                    spread(each["test"]["auc"], 3),
                    spread(each["test"]["log_loss"], 3),
                    f"{each['fit_seconds']:.0f} s",
                    f"{each['wall_seconds']:.0f} s",
                    f"{each['peak_mb']:,.0f} MB",
                    str(len(each["seeds"])),
                ]
            )
    header = ["data and preset", "accuracy", "AUC", "log loss (nat)", "training", "wall time", "memory", "seeds"]
    return markdown_table(header, rows)


@block
def baselines() -> str:
    """The baselines of the run of `best`, on the same test reviews."""
    rows = [
        [name.replace("_", " "), f"{scores['accuracy']:.3f}", f"{scores['auc']:.3f}", f"{scores['log_loss']:.3f}"]
        for name, scores in _presets()["best"]["baselines"].items()
    ]
    return markdown_table(["baseline", "accuracy", "AUC", "log loss (nat)"], rows)


@block
def paired() -> str:
    """How `best` compares with the strongest baseline, row by row."""
    found = _presets()["best"]["details"]["minus_baseline"][STRONGEST]
    said = ", ".join(
        f"{name.replace('_', ' ')} {score['value']:+.4f} ({score['low']:+.4f} to {score['high']:+.4f})"
        for name, score in found.items()
        if name in ("accuracy", "log_loss")
    )
    return f"`best` minus logistic regression on weighted n-grams, with paired 95 % intervals: {said}."


@block
def explanations() -> str:
    """What the probability loses without the tenth of words that each explanation ranks highest, by preset."""
    found = {
        name: each["details"]["explanations"]
        for name, each in _presets().items()
        if each["details"].get("explanations")
    }
    methods = list(dict.fromkeys(method for each in found.values() for method in each["falls"]))
    rows = []
    for name, each in found.items():
        falls = [f"{each['falls'][method]:.3f}" if method in each["falls"] else "–" for method in methods]
        rows.append([f"`{name}`", *falls, f"{each['texts']}, up to {each['longest']} words"])
    return markdown_table(["preset", *methods, "reviews"], rows)


@block
def negation() -> str:
    """The probe sentences, by preset."""
    rows = [
        [f"`{name}`", *(f"{each['details']['negation'][part]:.0%}" for part in ("plain", "negated", "flipped"))]
        for name, each in _presets().items()
    ]
    return markdown_table(["preset", "plain sentences right", "negated sentences right", "pairs with both right"], rows)


@block
def vectors() -> str:
    """What an embedding that starts from word vectors gains, by the number of training reviews."""
    found = recorded("sentiment_vectors")
    rows = [
        [
            f"{each['rows']:,}" if each["rows"] else "all",
            "word vectors" if each["vectors"] else "random numbers",
            *(f"{each['mean'][name]:.3f} ± {each['std'][name]:.3f}" for name in ("accuracy", "log_loss")),
        ]
        for each in found["results"]
    ]
    table = markdown_table(["training reviews", "the embedding starts from", "accuracy", "log loss (nat)"], rows)
    return f"{table}\n\nMean ± standard deviation over {len(found['seeds'])} seeds of `--preset average-words`."


def card() -> dict[str, str]:
    """The measured fields of the lab's card."""
    found = _presets()
    best, course = found["best"], found["course"]
    time = measured(lambda: course_time("sentiment"), f"{course['wall_seconds']:.0f} s")
    return {
        "Quality": f"imdb: course accuracy {spread(course['test']['accuracy'], 3)}, best "
        f"{spread(best['test']['accuracy'], 3)}, log loss {spread(best['test']['log_loss'], 3)} "
        f"({len(best['seeds'])} seed).",
        "Time": f"course {time}, best {best['wall_seconds']:.0f} s (wall time on two cores).",
    }
