"""The numbers of the language lab's pages, its card and its row in the README."""

from __future__ import annotations

import itertools
from typing import Any

from matplotlib.figure import Figure

from benchmarks.pages.results import best_minutes, block, course_time, measured, png, recorded, spread, wall_time
from utils.base.text_tables import markdown_table

TITLES = {
    "shakespeare": "tiny Shakespeare",
    "plays": "plays, whole plays held out",
    "seinfeld": "seinfeld",
    "moes-tavern": "moes-tavern",
    "anna": "anna",
}
COMPARED = (
    "LSTM, 1,024 byte pairs",
    "transformer, 1,024 byte pairs",
    "LSTM",
    "transformer",
    "transformer, AdamW",
    "transformer, AdamW, nanoGPT's CPU setting",
)
"""The networks of the figure; the table has all."""
COLOURS = ("#D55E00", "#0072B2", "#E69F00", "#56B4E9", "#009E73", "#999999")
STYLES = ("-", "-", "--", "--", "-.", ":")


def _presets(data: str = "shakespeare") -> dict[str, Any]:
    found: dict[str, Any] = recorded("language")["data"][data]
    return found


def row() -> list[str]:
    """The row of the table of the labs."""
    best = _presets()["best"]
    return [
        "tiny Shakespeare, 1.1 million characters; 38 plays, in a package; any text file",
        f"{spread(best['test']['log_loss'], 3)} nat per character",
        f"Kneser-Ney n-gram {best['baselines']['kneser_ney']['log_loss']:.3f}, nanoGPT on a GPU 1.470",
        best_minutes(best),
    ]


@block
def presets() -> str:
    """Every preset that was measured, on characters."""
    rows = []
    for data, found in recorded("language")["data"].items():
        for preset, each in found.items():
            rows.append(
                [
                    f"{TITLES[data]}, `{preset}`",
                    spread(each["test"]["log_loss"], 3),
                    f"{each['baselines']['kneser_ney']['log_loss']:.3f}",
                    f"{each['baselines']['unigram']['log_loss']:.3f}",
                    f"{each['parameters']:,}",
                    f"{each['fit_seconds']:.0f} s",
                    wall_time(each),
                    f"{each['peak_mb']:,.0f} MB",
                    str(len(each["seeds"])),
                ]
            )
    header = ["data and preset", "network", "n-gram", "unigram"]
    return markdown_table([*header, "parameters", "training", "wall time", "memory", "seeds"], rows)


@block
def words() -> str:
    """Perplexity per word, of the runs that have words."""
    rows = []
    for data, found in recorded("language")["data"].items():
        for preset, each in found.items():
            if not _has_words(data, preset):
                continue
            value = each["test"]["perplexity"]
            ngram = each["baselines"]["kneser_ney"]["perplexity"]
            middle = value.get("median", value["mean"])
            both = each["details"]["with_n_gram"]["perplexity"]
            rows.append(
                [
                    f"{TITLES[data]}, `{preset}`",
                    f"{ngram:.1f}",
                    spread(value, 1),
                    f"{middle / ngram:.2f}",
                    f"{both:.1f}",
                    f"{both / ngram:.2f}",
                ]
            )
    return markdown_table(["data and preset", "n-gram", "network", "ratio to n-gram", "mean of both", "ratio"], rows)


def _has_words(data: str, preset: str) -> bool:
    from labs import find_definition

    config: Any = find_definition("language").preset(preset.split()[0], data)
    return bool(config.tokens == "words")


def _networks() -> dict[str, Any]:
    found: dict[str, Any] = recorded("language_networks")
    return found


@block
def networks() -> str:
    """The networks at equal CPU seconds."""
    found = _networks()
    rows = []
    for name, each in found["networks"].items():
        quarter, half = (_at(each["curve"], share * found["seconds"]) for share in (0.25, 0.5))
        rows.append(
            [
                name,
                f"{each['weights']:,}",
                f"{each['tokens_per_cpu_second']:,.0f}",
                f"{each['cpu_seconds']:.0f} s",
                f"{quarter:.3f}",
                f"{half:.3f}",
                f"{each['loss']:.3f}",
            ]
        )
    rows.sort(key=lambda row: row[-1])
    part = [f"after {share * found['seconds']:.0f} s" for share in (0.25, 0.5)]
    return markdown_table(["network", "weights", "tokens per CPU second", "CPU time", *part, "at the end"], rows)


def _at(curve: list[list[float]], seconds: float) -> float:
    """The loss of the curve at the measurement nearest to this time."""
    return min(curve, key=lambda point: abs(point[0] - seconds))[1]


@block
def rates() -> str:
    """The learning rates that were tried."""
    tried: dict[str, list[tuple[float, float]]] = {}
    for name, loss in _networks()["rates"].items():
        network, _, rate = name.partition("@")
        tried.setdefault(network, []).append((float(rate), loss))
    rows = [
        [network, ", ".join(f"{rate:g}: {loss:.3f}" for rate, loss in sorted(values))]
        for network, values in tried.items()
    ]
    return markdown_table(["network", "learning rate: loss on validation"], rows)


@block
def generation() -> str:
    """How fast text is generated."""
    speeds = _networks()["characters_per_cpu_second"]
    names = {
        "predict": "`model.predict` on the window, one call per character",
        "one text": "compiled loop with cached keys and values, one text",
        "64 texts": "the same, 64 texts at a time",
    }
    rows = [
        [title, f"{speeds[name]:,.0f}", f"{speeds[name] / speeds['predict']:,.0f}"] for name, title in names.items()
    ]
    return markdown_table(["method", "characters per CPU second", "ratio"], rows)


@block
def training() -> str:
    """How fast the transformer is trained."""
    found = recorded("language_training")
    speeds = found["tokens_per_cpu_second"]
    rows = [[name, f"{speed:,.0f}", f"{speed / speeds['the lab']:.2f}"] for name, speed in speeds.items()]
    table = markdown_table(["training", "tokens per CPU second", "ratio to the lab"], rows)
    return f"{table}\n\nMedians of {found['repeats']} alternating measurements; PyTorch {found['torch']}."


@block
def adaptation() -> str:
    """What adapting the network of `best` to another text gives."""
    found = recorded("language_adaptation")
    rows = [
        [
            name,
            f"{each['weights']:,}",
            f"{each['cpu_seconds']:.0f} s" if each["weights"] else "–",
            f"{each['new']:.3f}",
            f"{each['original']:.3f}",
        ]
        for name, each in found["results"].items()
    ]
    table = markdown_table(
        ["network", "trained weights", "CPU time", f"{found['data']} (nat per character)", "tiny Shakespeare"], rows
    )
    return (
        f"{table}\n\n{found['command']}: {found['wall_seconds']:.0f} s of wall time, with the three trainings, the "
        "evaluation on all of the new text and the saved models."
    )


@block
def induction() -> str:
    """Which networks learn to look back."""
    found = recorded("language_induction")
    rows = [
        [name, f"{each['weights']:,}", f"{each['cpu_seconds']:.0f} s", f"{each['accuracy']:.2f}"]
        for name, each in found["networks"].items()
    ]
    return markdown_table(["network", "weights", "CPU time", "accuracy"], rows)


@block
def copied() -> str:
    """The longest sequences that generated texts have in common with the training text."""
    rows = []
    for data, found in recorded("language")["data"].items():
        for preset, each in found.items():
            run = each["details"]["written"]["longest_copied_run"]
            rows.append(
                [
                    f"{TITLES[data]}, `{preset}`",
                    *(f"{run[text][part]:.0f}" for text in ("generated", "held_out") for part in ("median", "largest")),
                ]
            )
    header = ["data and preset", "generated: median", "largest", "held out: median", "largest"]
    return markdown_table(header, rows)


def figures() -> dict[str, bytes]:
    """The figures of the page of the comparison, PNG by file name."""
    return measured(lambda: {"networks.png": _curves()}, {})


def _curves() -> bytes:
    """Loss over CPU seconds."""
    found = _networks()
    figure = Figure(figsize=(7.4, 4.6), layout="constrained")
    axes = figure.subplots()
    known = [name for name in COMPARED if name in found["networks"]]
    for name, colour, style in zip(known, itertools.cycle(COLOURS), itertools.cycle(STYLES), strict=False):
        each = found["networks"][name]
        seconds, losses = zip(*each["curve"], strict=True)
        axes.plot(seconds, losses, color=colour, linestyle=style, linewidth=2, label=f"{name}: {each['loss']:.2f}")
    axes.set_xlabel("CPU seconds of training, on one thread")
    axes.set_ylabel("test loss (nat per character)")
    axes.set_ylim(1.4, 2.6)
    axes.set_title("Tiny Shakespeare, the same CPU time for all")
    axes.legend(frameon=False, fontsize=9, title="loss at the end, on the whole test text", title_fontsize=9)
    return png(figure)


def card() -> dict[str, str]:
    """The measured fields of the lab's card."""
    found = _presets()
    best, course = found["best"], found["course"]
    time = measured(lambda: course_time("language"), f"{course['wall_seconds']:.0f} s")
    return {
        "Quality": f"shakespeare, nat per character: course {spread(course['test']['log_loss'], 3)}, best "
        f"{spread(best['test']['log_loss'], 3)} ({len(best['seeds'])} seed), Kneser-Ney n-gram on best's tokens "
        f"{best['baselines']['kneser_ney']['log_loss']:.3f}.",
        "Time": f"course {time}, best {wall_time(best)} (wall time, on two cores where nothing else is said).",
    }
