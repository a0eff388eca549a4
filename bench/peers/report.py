"""What was measured, as JSON and as the table of the README. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from bench.peers.measured import Missing, Row
from bench.peers.targets import TARGETS

HEAD = "| who | version | how many | whole, seconds | each, ms |"
TARGETS_HEAD = "| ratio, median of the rounds | result | target | met |"


def as_json(rows: Mapping[str, Row], missing: Sequence[Missing]) -> dict[str, Any]:
    """Every peer, what could not be measured, and the targets."""
    return {
        "measured": {
            name: {
                "version": row.peer.version,
                row.peer.unit: row.number,
                "seconds": round(row.seconds, 3),
                "ms_each": round(row.each * 1000, 3),
            }
            for name, row in rows.items()
        },
        "not_measured": {each.name: each.advice for each in missing},
        "targets": {
            target.what: {
                "ratio": None if (ratio := target.ratio(rows)) is None else round(ratio, 3),
                "target": target.words,
                "met": target.is_met(ratio),
            }
            for target in TARGETS
        },
    }


def as_markdown(about: Mapping[str, Any], rows: Mapping[str, Row], missing: Sequence[Missing]) -> str:
    """Two tables and a line on what they were measured with."""
    machine = about["machine"]
    lines = [
        f"Measured with {machine['processors']} cores ({machine['model']}), Python {machine['python']}, "
        f"{about['server']}; medians of {about['rounds']} rounds.",
        "",
        HEAD,
        "|---" * HEAD.count(" |") + "|",
    ]
    for name, row in rows.items():
        number = f"{row.number} {row.peer.unit}"
        each = f"{row.each * 1000:.2f}"
        lines.append(f"| {name} | {row.peer.version} | {number} | {row.seconds:.2f} | {each} |")
    lines += [f"| {each.name} | | not measured: {each.advice} | | |" for each in missing]
    lines += ["", TARGETS_HEAD, "|---" * TARGETS_HEAD.count(" |") + "|"]
    for target in TARGETS:
        ratio = target.ratio(rows)
        result = "not measured" if ratio is None else f"{ratio:.3g}"
        met = "yes" if target.is_met(ratio) else "no"
        lines.append(f"| {target.what} | {result} | {target.words} | {met} |")
    return "\n".join(lines)
