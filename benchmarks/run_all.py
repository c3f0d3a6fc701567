"""Run every benchmark, each in a process of its own, and say at the end which goals were missed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPTS = (
    "bench_fit.py", "bench_bootstrap.py", "bench_fiml.py", "bench_ordinal.py", "bench_start.py",
    "bench_acsi.py", "bench_growth.py", "bench_read.py", "bench_necessity.py",
    "bench_drivers.py",
)  # fmt: skip


def main() -> int:
    here = Path(__file__).parent
    missed = []
    for script in SCRIPTS:
        print(f"\n# {script}\n", flush=True)
        if subprocess.run([sys.executable, str(here / script)], check=False).returncode:
            missed.append(script)
    print("\nall goals met" if not missed else f"\ngoals missed in: {', '.join(missed)}")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
