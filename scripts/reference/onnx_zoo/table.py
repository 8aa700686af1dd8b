"""The table of the zoo: a CSV file with a row for each architecture and exporter."""

import csv
import dataclasses
import os
import statistics


@dataclasses.dataclass
class Row:
    """What the program made of one file."""

    architecture: str
    exporter: str
    verdict: str  # loaded, refused, not exported, panicked, WRONG
    seconds: str = ""  # to open the file
    layer: str = ""  # the default layer's value, and its module in brackets
    layout: str = ""  # and [channels, height, width]
    logits: float | None = None  # largest difference to float64, over the largest logit or 1
    rounding: float | None = None  # the same of PyTorch's float32
    module: str = ""  # PyTorch's, whose output has the layer's values; empty if none has
    gradients: float | None = None  # largest difference over the largest gradient
    maps: float | None = None  # largest difference of Grad-CAM maps in [0, 1]
    reason: str = ""  # why it is not loaded

    def texts(self):
        values = (getattr(self, field.name) for field in dataclasses.fields(self))
        return ["" if v is None else f"{v:.1e}" if isinstance(v, float) else v for v in values]


NUMBERS = ("logits", "rounding", "gradients", "maps")


def read_table(path):
    """Rows by (architecture, exporter); none if there is no such file."""
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8", newline="") as file:
        rows = [Row(**record) for record in csv.DictReader(file)]
    for row in rows:
        for name in NUMBERS:
            setattr(row, name, float(getattr(row, name)) if getattr(row, name) else None)
    return {(row.architecture, row.exporter): row for row in rows}


def write_table(path, rows):
    """Written whole and renamed into place."""
    with open(path + ".part", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(field.name for field in dataclasses.fields(Row))
        writer.writerows(rows[key].texts() for key in sorted(rows))
    os.replace(path + ".part", path)


def summarise(path):
    """Prints the counts and the medians and largest differences of a table."""
    rows = list(read_table(path).values())
    for exporter in sorted({row.exporter for row in rows}):
        own = [row.verdict for row in rows if row.exporter == exporter]
        counts = {verdict: own.count(verdict) for verdict in sorted(set(own))}
        print(f"{exporter}: {len(own)} architectures, {counts}")
    for name in NUMBERS:
        known = [row for row in rows if getattr(row, name) is not None]
        largest = max(known, key=lambda row: getattr(row, name))
        median = statistics.median(getattr(row, name) for row in known)
        print(f"{name}: {len(known)} files, median {median:.0e}, largest {getattr(largest, name):.0e} ({largest.architecture})")
    seconds = sorted(float(row.seconds) for row in rows if row.verdict == "loaded")
    print(f"seconds to open: median {statistics.median(seconds):.2f}, largest {seconds[-1]:.2f}")
    return 0
