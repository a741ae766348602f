"""``PYTHONPATH=tests python -m validation`` prints the table of README's validation section."""

from validation.other_simulators import simulator_rows
from validation.published_days import fact_rows
from validation.table import HEAD
from validation.theory_rows import theory_rows

if __name__ == "__main__":
    print(HEAD)  # noqa: T201 - it is what the command is for
    print("|---|---|---|---|---|")  # noqa: T201
    for rows in (theory_rows(), simulator_rows(), fact_rows()):
        for row in rows:
            print(row, flush=True)  # noqa: T201
