"""The tables of the page on faults."""

from __future__ import annotations

from benchmarks.pages.results import block, recorded
from utils.base.text_tables import markdown_table

KILLED = {
    "fit": "a run, from its start to the end of the training",
    "save": "a run, while it writes models and figures",
    "exports": "a run, while its exports are checked in a fresh process",
    "sweep": "a sweep",
    "export": "`labs export` of a finished run",
    "fetch": "a download",
}


@block
def kills() -> str:
    """What was killed, and what the next start did."""
    found = recorded("drills")["kills"]
    rows = [
        [KILLED.get(name, name), *(str(counts.get(part, 0)) for part in ("killed", "resumed", "started again"))]
        for name, counts in found.items()
    ]
    total = sum(counts["killed"] for counts in found.values())
    return "\n".join(
        [
            f"{total} kills (`kill -9`), each at a random moment of its window (the seed is fixed):",
            "",
            markdown_table(["killed", "kills", "next start resumed", "next start began again"], rows),
            "",
            f"The {sum(counts.get('completed', 0) for counts in found.values())} commands that were left to their end "
            "after up to five kills had the results of undisturbed ones: the same metrics to the last digit, the same "
            "digest of the file.",
        ]
    )


@block
def faults() -> str:
    """Each fault, the exit status, the error, and what is left."""
    found = recorded("drills")["faults"]
    merged: dict[tuple[str, str, str], list[str]] = {}
    times: dict[tuple[str, str, str], int] = {}
    for outcome in found:
        key = (outcome["fault"], str(outcome["status"]), outcome["afterwards"])
        merged.setdefault(key, []).append(outcome["error"])
        times[key] = times.get(key, 0) + outcome["times"]
    rows = [
        [fault, str(times[key]), status, f"`{errors[0]}`" if errors[0] else "–", afterwards]
        for key, errors in merged.items()
        for fault, status, afterwards in [key]
    ]
    return markdown_table(["fault", "times", "status", "error (the first one)", "afterwards"], rows)


@block
def inputs() -> str:
    """The invalid inputs by kind."""
    found = recorded("drills")["inputs"]
    rows = [[kind, str(number)] for kind, number in found["kinds"].items()]
    return "\n".join(
        [
            f"{found['inputs']} invalid inputs to {found['commands']} commands, drawn at random (the seed is fixed). "
            "Each was answered with exit status 2, one line `error:` and one line `hint:`, without a traceback; none "
            "began a training or wrote a file.",
            "",
            markdown_table(["kind", "inputs"], rows),
        ]
    )
