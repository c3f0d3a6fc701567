"""Time to import, and time and peak memory of the demo with its 5,000 replicates.

Each runs in a process of its own, as a user starts it. Goals: import under 1 s, demo under 60 s and
below 1 GB.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import machine, median_seconds, table, verdict

IMPORT_GOAL, DEMO_GOAL, MEMORY_GOAL = 1.0, 60.0, 1e9


def resident(root: int) -> int:
    """Resident bytes of a process and all its descendants (Linux; elsewhere 0)."""
    parent, size = {}, {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        except OSError:  # it ended meanwhile
            continue
        parent[int(fields["Pid"])] = int(fields["PPid"])
        size[int(fields["Pid"])] = 1024 * int(fields.get("VmRSS", "0 kB").split()[0])

    def descends(pid: int) -> bool:
        return pid == root or (pid in parent and parent[pid] > 1 and descends(parent[pid]))

    return sum(size[pid] for pid in size if descends(pid))


def run_demo(folder: Path) -> tuple[float, int]:
    """Seconds, and the peak of resident bytes over the process and its workers, looked at every 50 ms."""
    command = [str(Path(sys.executable).with_name("satloyal")), "demo", "--out", str(folder)]
    start, peak = time.perf_counter(), 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max(peak, resident(process.pid))
            time.sleep(0.05)
    if process.returncode:
        raise SystemExit(f"satloyal demo ended with status {process.returncode}")
    return time.perf_counter() - start, peak


def main() -> int:
    print(machine())
    python = [sys.executable, "-c"]
    bare = median_seconds(lambda: subprocess.run([*python, "pass"], check=True), repeats=5)
    numbers = median_seconds(lambda: subprocess.run([*python, "import numpy, pandas"], check=True), repeats=5)
    ours = median_seconds(lambda: subprocess.run([*python, "import satloyal"], check=True), repeats=5)
    with tempfile.TemporaryDirectory() as folder:
        demo, memory = run_demo(Path(folder) / "demo")
    met = {"import": ours < IMPORT_GOAL, "demo": demo < DEMO_GOAL, "memory": memory < MEMORY_GOAL}
    table(
        "Start and demo",
        [
            {"what": "python -c pass", "measured": f"{bare:.2f} s", "goal": "", "": ""},
            {"what": "import numpy, pandas", "measured": f"{numbers:.2f} s", "goal": "", "": ""},
            {
                "what": "import satloyal",
                "measured": f"{ours:.2f} s",
                "goal": f"< {IMPORT_GOAL:.0f} s",
                "": verdict(met["import"]),
            },
            {
                "what": "satloyal demo",
                "measured": f"{demo:.1f} s",
                "goal": f"< {DEMO_GOAL:.0f} s",
                "": verdict(met["demo"]),
            },
            {
                "what": "its memory, all processes",
                "measured": f"{memory / 1e6:.0f} MB",
                "goal": f"< {MEMORY_GOAL / 1e6:.0f} MB",
                "": verdict(met["memory"]),
            },
        ],
    )
    return int(not all(met.values()))


if __name__ == "__main__":
    sys.exit(main())
