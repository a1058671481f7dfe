"""What both benchmarks need: timed processes, medians, the machine's description, and tables."""

import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


# The kernel knows the peak memory of all children together, so each command gets a parent of its own that reports it.
PARENT = """
import json, resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print(json.dumps(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024), flush=True)
sys.exit(code)
"""


def measured(command, env=None):
    """Runs a command: its standard output, wall-clock seconds, and peak resident memory in MiB."""
    command = [str(word) for word in command]
    start = time.perf_counter()
    run = subprocess.run([sys.executable, "-c", PARENT, *command], capture_output=True, text=True,
                         env={**os.environ, "HF_HUB_OFFLINE": "1", **(env or {})})
    seconds = time.perf_counter() - start
    if run.returncode:
        sys.exit(f"{' '.join(command)}\nended with {run.returncode}:\n{run.stderr[-2000:]}")
    *lines, peak = run.stdout.strip().splitlines()
    return "\n".join(lines), seconds, float(peak)


def machine():
    """The processor, its cores, and what vectors it has."""
    cpu, flags = platform.processor(), set()
    info = pathlib.Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                cpu = value.strip()
            elif key.strip() == "flags":
                flags = set(value.split())
    wanted = ("avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"cpu": cpu, "cores": cores, "features": [f for f in wanted if f in flags], "system": platform.system()}


def has_bf16(host):
    """Whether the processor multiplies bf16."""
    return not {"avx512_bf16", "amx_bf16"}.isdisjoint(host["features"])


def median(values):
    return statistics.median(values)


def table(rows):
    """A Markdown table; the first row is the head."""
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])
