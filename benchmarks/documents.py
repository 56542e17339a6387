"""The measured numbers of the documents, written by this script from what was recorded, and by nothing else.

    python -m benchmarks.documents

A block between `<!-- name -->` and `<!-- /name -->` in a Markdown page, and the fields `Quality` and `Time` of a lab's
card, are replaced. A test fails where a page and the records differ.
"""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import labs
from benchmarks.results import FOLDER
from utils.report import markdown_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROOT = Path(__file__).parent.parent


def recorded(name: str) -> dict[str, Any]:
    """What a benchmark recorded under this name."""
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return found


def spread(value: dict[str, float], digits: int = 2) -> str:
    """`5.13 ± 0.85`."""
    return f"{value['mean']:.{digits}f} ± {value['std']:.{digits}f}"


def labs_block() -> str:
    """The table of the labs."""
    quality = recorded("regression")
    course, best = quality["presets"]["course"], quality["presets"]["best"]
    mix = quality["protocols"]["best_mix"]["summary"]["rmse"]
    random = quality["protocols"]["best_random"]["summary"]["rmse"]
    row = [
        "[regression](labs/regression/README.md)",
        "concrete: 1,030 real samples, in the package",
        f"RMSE {spread(mix['network'])} MPa by mix, {spread(random['network'])} at random",
        f"{spread(mix['gradient_boosting'])}, {spread(random['gradient_boosting'])}",
        f"{course['wall_seconds']:.0f} s, {best['wall_seconds']:.0f} s",
        f"{best['peak_mb']:.0f} MB",
    ]
    header = ["lab", "data", "`best`, 20 splits", "gradient boosting", "`course`, `best` from the shell", "memory"]
    return markdown_table(header, [row])


def protocols_block() -> str:
    """The regression lab's two protocols."""
    protocols = recorded("regression")["protocols"]
    rows = []
    for split, text in (("mix", "whole mixes held out"), ("random", "rows at random, as published")):
        course, best = (protocols[f"{name}_{split}"]["summary"] for name in ("course", "best"))
        rows.append(
            [
                f"{text} (`--split {split}`)",
                f"{best['test_rows_of_trained_mixes']:.0%}",
                spread(best["rmse"]["mean"], 1),
                spread(best["rmse"]["linear_regression"]),
                spread(best["rmse"]["gradient_boosting"]),
                spread(course["rmse"]["network"]),
                f"**{spread(best['rmse']['network'])}**",
                f"{best['network_beats_gradient_boosting']} of {protocols[f'best_{split}']['splits']}",
            ]
        )
    header = ["RMSE on test, MPa", "test rows whose mix was trained on", "mean", "linear regression"]
    header += ["gradient boosting", "`course`", "`best`", "`best` no worse than boosting"]
    return markdown_table(header, rows)


def presets_block() -> str:
    """The regression lab's presets on the lab's default split."""
    presets = recorded("regression")["presets"]
    rows = [
        [
            f"`{name}`",
            spread(found["test"]["rmse"]),
            spread(found["test"]["mae"]),
            spread(found["test"]["r2"], 3),
            f"{found['parameters']:,}",
            f"{found['fit_seconds']:.1f} s",
            f"{found['wall_seconds']:.0f} s",
            f"{found['peak_mb']:.0f} MB",
        ]
        for name, found in presets.items()
    ]
    header = ["preset", "RMSE (MPa)", "MAE (MPa)", "R²", "parameters", "training", "from the shell", "memory"]
    seeds = ", ".join(f"`{name}` {len(found['seeds'])}" for name, found in presets.items())
    return f"{markdown_table(header, rows)}\n\nMean ± s over seeds ({seeds}) on the one test split of `--split-seed 0`."


def speed_block() -> str:
    """Training speed against the course's own way, and what a person waits for."""
    training, start = recorded("tabular_training"), recorded("start_up")["median_seconds"]
    ours, bare = training["final_loss"]["harness"], training["final_loss"]["course_bare"]
    lines = [
        f"- Fifty epochs of the course network: {training['times_faster_like_for_like']:.1f} times faster than",
        "  `model.fit` doing the same work (a validation loss each epoch, as in the course's notebook, and the best",
        f"  weights kept), {training['times_faster_than_bare']:.1f} times faster than a bare `model.fit(X, Y)`, which",
        f"  does neither (medians of {training['repeats']} repeats each, in one process; final training loss",
        f"  {ours['mean']:.0f} ± {ours['std']:.0f} against {bare['mean']:.0f} ± {bare['std']:.0f} MPa²,",
        f"  Kolmogorov-Smirnov p = {training['same_distribution_p']:.2f}).",
        f"- Each further epoch: {training['further_epoch_times_faster_than_bare']:.0f} times faster than the bare line",
        f"  ({training['further_epoch_milliseconds']['harness']:.1f} ms with validation, against "
        f"{training['further_epoch_milliseconds']['course_bare']:.0f} ms without).",
        *(f"- `{name}`: {seconds:.2f} s." for name, seconds in start.items()),
    ]
    return "\n".join(lines)


BLOCKS = {
    "README.md": {"labs": labs_block},
    "labs/regression/README.md": {"protocols": protocols_block, "presets": presets_block, "speed": speed_block},
}


def card_fields(lab: str) -> dict[str, str]:
    """The measured fields of a lab's card."""
    quality = recorded(lab)
    mix, random = (quality["protocols"][f"best_{split}"]["summary"]["rmse"] for split in ("mix", "random"))
    presets = quality["presets"]
    splits = quality["protocols"]["best_mix"]["splits"]
    return {
        "Quality": f"best, over {splits} splits: RMSE {spread(mix['network'])} MPa by mix, "
        f"{spread(random['network'])} on random rows "
        f"(gradient boosting: {spread(mix['gradient_boosting'])}, {spread(random['gradient_boosting'])}).",
        "Time": f"course {presets['course']['wall_seconds']:.0f} s, best {presets['best']['wall_seconds']:.0f} s "
        "from the shell, on two cores.",
    }


def rendered() -> dict[Path, str]:
    """Every page and card as the records say that it must be."""
    pages = {}
    for name, blocks in BLOCKS.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        for block, make in blocks.items():
            pattern = re.compile(rf"<!-- {block} -->\n.*?<!-- /{block} -->", re.DOTALL)
            assert len(pattern.findall(text)) == 1, f"{name} must have one block {block}"
            new = f"<!-- {block} -->\n{make()}\n<!-- /{block} -->"
            text = pattern.sub(lambda _, new=new: new, text)  # type: ignore[misc]
        pages[ROOT / name] = text
    for lab in labs.NAMES:
        path = ROOT / "labs" / lab / "__init__.py"
        pages[path] = _card(path.read_text(encoding="utf-8"), card_fields(lab))
    return pages


def _card(text: str, fields: dict[str, str]) -> str:
    for name, value in fields.items():
        lines = "\n".join(textwrap.wrap(f"{name + ':':9}{value}", 118, subsequent_indent=" " * 9))
        text, found = re.subn(rf"^{name}:.*\n(?: +.*\n)*", lines + "\n", text, flags=re.MULTILINE)
        assert found == 1, f"a card has {found} fields {name}"
    return text


def protocols_picture() -> Figure:
    """The README's picture: the same models under both protocols, a dot a split."""
    from matplotlib.figure import Figure

    from utils import figures

    protocols = recorded("regression")["protocols"]
    figure = Figure(figsize=(9, 3.8), layout="constrained")
    axes = figure.subplots(1, 2, sharex=True, sharey=True)
    rows = {
        "linear regression": ("best", "linear_regression", figures.GREY),
        "course network": ("course", "network", figures.GREEN),
        "gradient boosting": ("best", "gradient_boosting", figures.ORANGE),
        "best network": ("best", "network", figures.BLUE),
    }
    titles = {
        "random": "Rows at random, as published",
        "mix": "Whole mixes held out",
    }
    for plot, (split, title) in zip(axes, titles.items(), strict=True):
        for height, (name, model, colour) in enumerate(rows.values()):
            values = [result[model] for result in protocols[f"{name}_{split}"]["rmse"]]
            mean = sum(values) / len(values)
            plot.scatter(values, [height] * len(values), s=30, color=colour, alpha=0.6, linewidths=0)
            plot.vlines(mean, height - 0.28, height + 0.28, color="black", linewidth=2.5)
            plot.annotate(f"{mean:.2f}", (mean, height + 0.3), ha="center", va="bottom", fontsize=11)
        plot.set_title(title, loc="left", fontsize=12)
        plot.set_yticks(range(len(rows)), list(rows))
        plot.set_ylim(-0.5, len(rows) - 0.25)
        plot.set_xlabel("RMSE on test (MPa), a dot a split")
        plot.spines[["top", "right"]].set_visible(False)
        plot.grid(color="#DDDDDD", linewidth=0.6, axis="x")
        plot.set_axisbelow(True)
    return figure


def main() -> None:
    for path, text in rendered().items():
        path.write_text(text, encoding="utf-8")
    protocols_picture().savefig(ROOT / "labs" / "regression" / "protocols.png", dpi=120)


if __name__ == "__main__":
    main()
