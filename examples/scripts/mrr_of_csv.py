"""Monthly recurring revenue of a CSV file, month by month, and what moved it."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from saaskit_core.analytics.csv_lines import BadCsv, read_lines
from saaskit_core.analytics.movements import changes_of, movements, totals
from saaskit_core.analytics.mrr import as_money, mrr

SAMPLE = Path(__file__).with_name("subscriptions.csv")


def main(path: Path = SAMPLE) -> None:
    lines = []
    with path.open(encoding="utf-8", newline="") as rows:
        for line in read_lines(rows, file=path.name):
            if isinstance(line, BadCsv):
                raise line
            lines.append(line)
    for month in range(1, 7):
        at = datetime(2024, month, 1, tzinfo=UTC)
        found = [str(as_money(minor, currency)) for currency, minor in mrr(lines, at=at).items()]
        print(f"{at:%Y-%m}  {', '.join(found)}")
    for currency, kinds in totals(movements(changes_of(lines))).items():
        for kind, minor in kinds.items():
            print(f"{kind.value:<13}{as_money(minor, currency)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLE)
