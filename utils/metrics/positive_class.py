"""Which of two classes is the positive one: the finding, never a name that means healthy."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from utils.base.console import say
from utils.base.errors import CallerError
from utils.datasets.splits import Split, Splits

_HEALTHY = frozenset(
    {"normal", "normals", "healthy", "negative", "neg", "benign", "clear", "control", "controls"}
    | {"unaffected", "uninfected", "unremarkable", "asymptomatic"}
)
_NEGATIONS = frozenset({"no", "non", "not", "without"})


def means_healthy(name: str) -> bool:
    """Whether the name of a class means that nothing was found: `NORMAL`, `healthy`, `no_finding`, `nonTumor`."""
    separated = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
    words = re.findall(r"[a-z]+", re.sub(r"(?<![a-z])non(?=[a-z]{3})", "non ", separated))
    negated = any(word in _NEGATIONS for word in words)
    return negated != any(word in _HEALTHY for word in words)


def positive_class(class_names: Sequence[str], wanted: str | None) -> int:
    """The number of the positive class of two; where the names do not decide, the choice is reported.

    Args:
        class_names: two names.
        wanted: the name that `--positive` gives, in any case.

    Raises:
        CallerError: no class has that name, or both names mean healthy.
    """
    if wanted is not None:
        for alike in (str, str.casefold):
            named = [number for number, name in enumerate(class_names) if alike(name) == alike(wanted)]
            if len(named) == 1:
                return named[0]
        raise CallerError(f"--positive {wanted}: no class has this name", f"choose from: {', '.join(class_names)}")
    healthy = [means_healthy(name) for name in class_names]
    if all(healthy):
        raise CallerError(
            f"both classes mean healthy: {', '.join(class_names)}", "name the class to be found: --positive NAME"
        )
    if any(healthy):
        return healthy.index(False)
    say(
        f"note: the positive class is {class_names[1]}, the second by name; if {class_names[0]} is to be found, give "
        f"--positive {class_names[0]}"
    )
    return 1


def with_positive(splits: Splits, wanted: str | None) -> Splits:
    """Splits of two classes in which class 1 is the positive one; arguments and errors as of `positive_class`."""
    if positive_class(splits.class_names, wanted) == 1:
        return splits

    def turned(split: Split) -> Split:
        return replace(split, targets=1 - split.targets)

    return replace(
        splits,
        train=turned(splits.train),
        validation=turned(splits.validation),
        test=turned(splits.test),
        class_names=tuple(reversed(splits.class_names)),
    )
