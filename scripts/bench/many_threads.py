"""What a training step would take with more threads than the machine has: a model on paper, no measurement.

    python scripts/bench/many_threads.py results/bench/steps-avx2.json

A step's tasks are divided as the program divides them (products: `gemm/avx2.rs`; rows: 64 a task; attention: some heads of a sequence a task) and go to
the threads one after another, each to the first that is free. Each task takes the time that it takes on one thread, so memory, clocks and
NUMA are left out but for the optimizer, which moves 28 bytes a parameter. What is serial stays serial.
"""

import argparse
import heapq
import json
import pathlib

from common import table
from steps import BASE, MINILM

RATE = 91e9  # Operations a second of one thread in a product: results/bench/products.json.
PACKED = 2e9  # Floats a second that one thread packs.
REGION = 2e-6  # Seconds from the call of an operation to its threads' first task, and from the last one's end: threads/team.rs.
MEMORY = 12e9, 150e9  # Bytes a second of one thread, and of all.
SERIAL = 9e-3  # Seconds a step outside all operations, on the thread that calls them (measured: a step less its parts).
TILE, MOST, LEAST, ACROSS, AT_ONCE, ROWS = (6, 16), (16, 6), (4, 2), 16, (8, 4), 64
THREADS = 1, 2, 4, 8, 16, 32, 64
CASES = [("MiniLM-L6 32 x 64", MINILM, 32, 64), ("BERT-base 8 x 128", BASE, 8, 128), ("BERT-base 32 x 128", BASE, 32, 128)]


def scheduled(tasks, threads):
    """Seconds until all tasks are done, taken in their order."""
    ends = [0.0] * threads
    for task in tasks:
        heapq.heapreplace(ends, ends[0] + task)
    return REGION * (threads > 1) + max(ends)


def product(m, n, k, threads):
    along = 1 if n > m else 0  # Of which matrix a task packs its own part; the other one is packed first.
    sizes = (m, n)
    panels = [-(-size // tile) for size, tile in zip(sizes, TILE)]
    first = 1 - along
    packs = [AT_ONCE[first] * TILE[first] * k / PACKED] * -(-panels[first] // AT_ONCE[first])
    pieces = -(-2 * threads * LEAST[along] // panels[along])
    each = max(-(-panels[first] // pieces), ACROSS)
    tasks, at = [], 0
    while at < panels[along]:
        share = min(max(-(-(panels[along] - at) // (2 * threads)), LEAST[along]), MOST[along], panels[along] - at)
        at += share
        for start in range(0, panels[first], each):
            across = min(each, panels[first] - start)
            own = share * TILE[along]
            tasks.append(own * k / PACKED + 2 * own * across * TILE[first] * k / RATE)
    return scheduled(packs, threads) + scheduled(tasks, threads)


def step(config, batch, length, parts, threads):
    """Seconds by kind of a training step; `parts` are those that two threads were measured with."""
    hidden, ffn, layers = config["hidden_size"], config["intermediate_size"], config["num_hidden_layers"]
    seconds = {"linear": 0.0}
    for layer in range(layers):
        rows = batch * length
        # Beyond its attention the last layer has one row a sequence.
        rest = batch if layer + 1 == layers else rows
        for m, inputs, outputs in [(rows, hidden, 3 * hidden), (rest, hidden, hidden), (rest, hidden, ffn), (rest, ffn, hidden)]:
            seconds["linear"] += product(m, outputs, inputs, threads) + product(m, inputs, outputs, threads)
            seconds["linear"] += product(outputs, inputs, m, threads)
    # Regions a layer, forward and backward, and the tasks of each.
    chunks = -(-batch * length // ROWS)
    heads = config["num_attention_heads"]
    groups = -(-heads // max(-(-heads // -(-8 * threads // batch)), 1))
    for kind, regions, tasks in [("attention", 2, batch * groups), ("activation", 2, chunks), ("norm", 4, chunks)]:
        each = 2 * parts[kind] / 1e3 / (regions * layers * tasks)
        seconds[kind] = regions * layers * scheduled([each] * tasks, threads)
    one, most = MEMORY
    seconds["optimizer"] = 2 * parts["optimizer"] / 1e3 * one / min(threads * one, most)
    seconds["serial"] = SERIAL
    return seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("steps", type=pathlib.Path, help="what steps.py measured with two threads")
    measured = {case["case"]: case for case in json.loads(parser.parse_args().steps.read_text())["steps"] if case["mode"] == "training"}
    rows = [("shape", "threads", "ms", "efficiency", "linear", "attention", "rows", "optimizer", "serial")]
    for name, config, batch, length in CASES:
        if name not in measured:
            continue
        parts = measured[name]["ours"]["parts_ms"]
        alone = sum(step(config, batch, length, parts, 1).values())
        for threads in THREADS:
            seconds = step(config, batch, length, parts, threads)
            total = sum(seconds.values())
            of_rows = seconds["activation"] + seconds["norm"]
            shown = [total, seconds["linear"], seconds["attention"], of_rows, seconds["optimizer"], seconds["serial"]]
            ms = [f"{1e3 * x:.0f}" for x in shown]
            rows.append((name, threads, ms[0], f"{100 * alone / (threads * total):.0f}%", *ms[1:]))
    print(table(rows))


if __name__ == "__main__":
    main()
