"""The products of linear layers beside PyTorch's library, by one thread and by all, over the rate of independent FMAs.

    python scripts/bench/products.py --python VENV/bin/python --out results/bench/products.json
"""

import argparse
import json
import os
import pathlib
import sys

from common import HERE, ROOT, machine, measured, table

FORMS = {"forward": "x Wt", "weights": "dyt x", "inputs": "dy W"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default=sys.executable, help="an interpreter with torch and transformers")
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "target/release/run-glue")
    parser.add_argument("--repetitions", type=int, default=3, help="processes of each program, of which the best counts")
    parser.add_argument("--out", type=pathlib.Path)
    args = parser.parse_args()
    report = {"machine": machine(), "threads": {}}
    for threads in sorted({1, len(os.sched_getaffinity(0))}):
        env = {"RAYON_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}

        def run(command):
            return json.loads(measured(command, env)[0].splitlines()[-1])

        ours, torch = [], []
        for _ in range(args.repetitions):
            ours.append(run([args.program, "bench", "--use_cpu", "--peak"]))
            layers = json.dumps([[layer[key] for key in ("rows", "inputs", "outputs")] for layer in ours[-1]["layers"]])
            torch.append(run([args.python, HERE / "torch_step.py", "--threads", threads, "--peak", "--layers", layers]))
        if ours[0]["fma_gflops"] is None:
            sys.exit("this CPU has no fused multiplication and addition, so there is no rate to compare with")
        fma = max(run["fma_gflops"] for run in ours)
        rows = []
        for i, layer in enumerate(ours[0]["layers"]):
            row = {key: layer[key] for key in ("rows", "inputs", "outputs")}
            for form in FORMS:
                for side, runs in (("ours", ours), ("torch", torch)):
                    # Ours is a difference of two times for the inputs' gradient, which noise makes too short as well as too long.
                    rates = sorted(run["layers"][i][f"{form}_gflops"] or 0 for run in runs)
                    best = rates[-1] if (form, side) != ("inputs", "ours") else rates[len(rates) // 2]
                    row[f"{form}_{side}"] = best
            rows.append(row)
        report["threads"][threads] = {"fma_gflops": fma, "layers": rows}
        print(f"{threads} threads, {fma:.0f} GFLOP/s of independent FMAs; share of it, ours / PyTorch's\n")
        lines = [("rows x inputs x outputs", *FORMS.values())]
        lines += [(f"{r['rows']} x {r['inputs']} x {r['outputs']}",
                   *(f"{r[f'{form}_ours'] / fma:.0%} / {r[f'{form}_torch'] / fma:.0%}" for form in FORMS)) for r in rows]
        print(table(lines), "\n")
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
