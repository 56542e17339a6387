"""The numbers of the regression lab's page, its card and its row in the README, and the figure of the protocols."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.pages.results import OVER_SEEDS, block, course_band, course_time, in_minutes, recorded, spread
from utils.base.text_tables import markdown_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def row() -> list[str]:
    """The row of the table of the labs."""
    quality = recorded("regression")
    mix = quality["protocols"]["best_mix"]["summary"]["rmse"]
    random = quality["protocols"]["best_random"]["summary"]["rmse"]
    return [
        "concrete: 1,030 real samples, in the package",
        f"RMSE {spread(mix['network'])} MPa by mix, {spread(random['network'])} at random (20 splits)",
        f"gradient boosting {spread(mix['gradient_boosting'])}, {spread(random['gradient_boosting'])}",
        in_minutes(quality["data"]["concrete"]["best"]["wall_seconds"]),
    ]


@block
def protocols() -> str:
    """The two ways of splitting."""
    protocols = recorded("regression")["protocols"]
    rows = []
    for split, text in (("mix", "whole mixes held out"), ("random", "random rows, as published")):
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
    header = ["test RMSE (MPa)", "test rows whose mix is in training", "mean", "linear regression"]
    header += ["gradient boosting", "`course`", "`best`", "splits where `best` is no worse than boosting"]
    return markdown_table(header, rows)


@block
def presets() -> str:
    """The presets on the default split."""
    presets = recorded("regression")["data"]["concrete"]
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
    header = ["preset", "RMSE (MPa)", "MAE (MPa)", "R²", "parameters", "training", "wall time", "memory"]
    seeds = ", ".join(f"`{name}` {len(found['seeds'])}" for name, found in presets.items())
    band = course_band("regression")
    return (
        f"{markdown_table(header, rows)}\n\n{OVER_SEEDS} (number of seeds: {seeds}), all on the test split of "
        f"`--split-seed 0`. With the worst seed `course` learns nothing (RMSE {max(band.measures['test rmse']):.1f})."
    )


@block
def speed() -> str:
    """Speed of the training loop compared with `model.fit`, and wall times of the commands."""
    training, start = recorded("tabular_training"), recorded("start_up")["median_seconds"]
    ways = {
        "arrays": "`model.fit(X, Y)`",
        "arrays_validated": "`model.fit(X, Y)` with validation",
        "dataset": "`model.fit` on a dataset",
        "dataset_validated": "`model.fit` on a dataset with validation",
        "dataset_fused_validated": "the same with the loop's faster Adam and LSTM",
    }

    def ratio(task: str, way: str) -> str:
        found, loop = training[task]["median_cpu_seconds"], "loop_validated" if "validated" in way else "loop"
        return f"{found[way] / found[loop]:.1f} ×"

    rows = [[text, *(ratio(task, way) for task in ("table", "images", "windows"))] for way, text in ways.items()]
    header = ["CPU time compared with the loop", "table, 50 epochs", "images, one epoch", "windows, one epoch"]
    table = training["table"]
    cpu, loss = table["median_cpu_seconds"], table["final_loss"]
    ours, bare = loss["loop_validated"], loss["arrays"]
    lines = [
        markdown_table(header, rows),
        "",
        "Table: the course network, building it included. Images: 1,000 of 128 × 128 through the residual network of",
        "the pneumonia lab with 8 filters. Windows: 320 of 100 characters through the network of the music lab. The",
        "dataset is cached and shuffled, with one call into the graph per epoch. With validation, the best weights are",
        f"kept too. All ways take turns in one process; medians of {table['rounds']} rounds for the table and of",
        f"{training['images']['rounds']} for the others.",
        "",
        f"- Fifty epochs of the course network with validation take {cpu['loop_validated']:.1f} s of CPU time;",
        f"  `model.fit` takes {cpu['arrays_validated']:.1f} s on arrays and",
        f"  {cpu['dataset_validated']:.1f} s on the dataset.",
        f"- Final training loss over {table['rounds']} seeds: {ours['mean']:.0f} ± {ours['std']:.0f} MPa²; with",
        f"  `model.fit(X, Y)` {bare['mean']:.0f} ± {bare['std']:.0f} MPa² (Kolmogorov-Smirnov",
        f"  p = {table['same_distribution_p']:.2f}).",
        *(f"- `{name}`: {value:.2f} s." for name, value in start.items()),
    ]
    return "\n".join(lines)


@block
def bikes() -> str:
    """The presets on bike-sharing."""
    rows = []
    for name, found in recorded("regression")["data"]["bike-sharing"].items():
        boosting = found["baselines"]["gradient_boosting"]
        rows.append(
            [
                f"`{name}`",
                spread(found["test"]["rmse"], 1),
                spread(found["test"]["mae"], 1),
                spread(found["test"]["r2"], 3),
                f"{boosting['rmse']:.1f}, {boosting['mae']:.1f}, {boosting['r2']:.3f}",
                f"{found['wall_seconds']:.0f} s",
            ]
        )
    header = ["preset", "RMSE (bikes/h)", "MAE (bikes/h)", "R²", "gradient boosting (RMSE, MAE, R²)", "wall time"]
    return markdown_table(header, rows)


def card() -> dict[str, str]:
    """The measured fields of the lab's card."""
    quality = recorded("regression")
    mix, random = (quality["protocols"][f"best_{split}"]["summary"]["rmse"] for split in ("mix", "random"))
    presets = quality["data"]["concrete"]
    splits = quality["protocols"]["best_mix"]["splits"]
    return {
        "Quality": f"best, over {splits} splits: RMSE {spread(mix['network'])} MPa by mix, "
        f"{spread(random['network'])} on random rows "
        f"(gradient boosting: {spread(mix['gradient_boosting'])}, {spread(random['gradient_boosting'])}).",
        "Time": f"course {course_time('regression')}, best {presets['best']['wall_seconds']:.0f} s "
        "(wall time on two cores).",
    }


def protocols_figure() -> Figure:
    """The figure of the README: the same models under both protocols, one dot per split."""
    from matplotlib.figure import Figure

    from utils.figures import plots

    protocols = recorded("regression")["protocols"]
    figure = Figure(figsize=(9, 3.8), layout="constrained")
    axes = figure.subplots(1, 2, sharex=True, sharey=True)
    rows = {
        "linear regression": ("best", "linear_regression", plots.GREY),
        "course network": ("course", "network", plots.GREEN),
        "gradient boosting": ("best", "gradient_boosting", plots.ORANGE),
        "best network": ("best", "network", plots.BLUE),
    }
    titles = {
        "random": "Random rows, as published",
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
        plot.set_xlabel("test RMSE (MPa), one dot per split")
        plot.spines[["top", "right"]].set_visible(False)
        plot.grid(color="#DDDDDD", linewidth=0.6, axis="x")
        plot.set_axisbelow(True)
    return figure
