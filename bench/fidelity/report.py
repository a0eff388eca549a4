"""The comparisons as text for a person: a table, then every difference with both answers."""

from collections.abc import Iterator, Sequence

from bench.fidelity.comparison import Comparison


def report(comparisons: Sequence[Comparison], missing: Sequence[str]) -> str:
    """Write the table and the differences."""
    return "\n".join((*_table(comparisons), *_differences(comparisons), *_missing(missing)))


def _table(comparisons: Sequence[Comparison]) -> Iterator[str]:
    width = max((len(each.server) for each in comparisons), default=0)
    for each in comparisons:
        percentage = 100 * each.agreeing / each.total
        yield f"{each.server:{width}}  {each.agreeing:4}/{each.total:<4} {percentage:6.2f} %  {each.against}"


def _differences(comparisons: Sequence[Comparison]) -> Iterator[str]:
    for comparison in comparisons:
        if comparison.disagreements:
            yield f"\n{comparison.server} does not agree with {comparison.against}:"
            if comparison.note:
                yield f"  {comparison.note}"
        for each in comparison.disagreements:
            yield f"  {each.question} ({', '.join(each.facts)})"
            if each.sent:
                yield f"    sent      {each.sent}"
            yield f"    expected  {each.expected}"
            yield f"    emulated  {each.emulated}"


def _missing(missing: Sequence[str]) -> Iterator[str]:
    if missing:
        yield "\nNot installed, not compared:"
        yield from (f"  {each}" for each in missing)
