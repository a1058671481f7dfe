"""Whole jobs beside the Hugging Face Trainer: one epoch and its evaluation, from the start of the process to its end.

    scripts/bench/setup.sh VENV
    cargo build --release
    python scripts/bench/jobs.py --python VENV/bin/python --data DATASETS/nyu-mll/glue --model MINILM \
        --out results/bench/jobs.json

Both sides keep their defaults (batches of 8, learning rate 5e-5). The Trainer runs with padding to 128, which is
run_glue.py's default, and with padding to the longest of the batch. Last comes a pair of runs without dropout, in which
the losses are the same. Where data has been used before, both sides find it in the system's file cache.
"""

import argparse
import json
import os
import pathlib
import sys
import tempfile

from common import HERE, ROOT, has_bf16, machine, measured, median, table

#       task, training rows (None: all)
JOBS = [("mrpc", None), ("cola", 1600)]


def without_dropout(model, folder):
    """A copy of a checkpoint's folder whose dropout rates are 0."""
    copy = pathlib.Path(folder)
    for file in pathlib.Path(model).resolve().iterdir():
        if file.name != "config.json":
            (copy / file.name).symlink_to(file)
    config = json.loads((pathlib.Path(model) / "config.json").read_text())
    config |= dict.fromkeys(("hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout"), 0.0)
    (copy / "config.json").write_text(json.dumps(config))
    return copy


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default=sys.executable, help="an interpreter with torch and transformers")
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "target/release/run-glue")
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--repetitions", type=int, default=2)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--only", default="", help="one task")
    parser.add_argument("--out", type=pathlib.Path)
    args = parser.parse_args()
    env = {"RAYON_NUM_THREADS": str(args.threads), "OMP_NUM_THREADS": str(args.threads)}

    def ours(task, rows, model, *flags):
        with tempfile.TemporaryDirectory() as scratch:
            limit = ["--max_train_samples", rows] if rows else []
            _, seconds, peak = measured(
                [args.program, "--task", task, "--model", model, "--dataset_dir", args.data, "--num_train_epochs", 1,
                 "--output_dir", f"{scratch}/out", "--results_dir", f"{scratch}/results", *limit, *flags], env)
            result = json.loads(pathlib.Path(scratch, "out", "all_results.json").read_text())
        return result | {"seconds": seconds, "peak_mib": peak}

    def theirs(task, rows, model, *flags):
        limit = ["--max-train-samples", rows] if rows else []
        out, seconds, peak = measured([args.python, HERE / "hf_job.py", "--task", task, "--data", args.data / task,
                                       "--model", model, *limit, *flags], env)
        return json.loads(out.splitlines()[-1]) | {"seconds": seconds, "peak_mib": peak}

    results, host = [], machine()
    if not has_bf16(host):
        print("left out: bf16, for which this CPU has no instructions", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        undropped = without_dropout(args.model, folder)
        for task, rows in JOBS:
            if args.only not in ("", task):
                continue
            sides = {"run-glue": (ours, args.model, []), "run-glue --bf16": (ours, args.model, ["--bf16"]),
                     "Trainer, dynamic padding": (theirs, args.model, []),
                     "Trainer, padding to 128": (theirs, args.model, ["--pad"])}
            if not has_bf16(host):
                del sides["run-glue --bf16"]
            runs = {side: [] for side in sides}
            for _ in range(args.repetitions):
                for side, (run, model, flags) in sides.items():
                    runs[side].append(run(task, rows, model, *flags))
                    print(task, side, f"{runs[side][-1]['seconds']:.1f} s", file=sys.stderr, flush=True)
            pair = [run(task, rows, undropped) for run in (ours, theirs)]
            results.append({
                "task": task, "train_samples": rows or "all",
                "sides": {side: {"seconds": median([v["seconds"] for v in values]),
                                 "train_runtime": median([v["train_runtime"] for v in values]),
                                 "peak_mib": max(v["peak_mib"] for v in values),
                                 "eval_loss": values[0]["eval_loss"]} for side, values in runs.items()},
                "without_dropout": {side: {k: v[k] for k in ("train_loss", "eval_loss")}
                                    for side, v in zip(("run-glue", "Trainer, dynamic padding"), pair)}})
    report = {"machine": host, "threads": args.threads, "model": args.model.name, "jobs": results}
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps(report, indent=1) + "\n")
    rows = [("task", "side", "s", "times run-glue's", "MiB")]
    for job in results:
        base = job["sides"]["run-glue"]["seconds"]
        rows += [(job["task"], side, f"{v['seconds']:.1f}", f"{v['seconds'] / base:.2f}", f"{v['peak_mib']:.0f}")
                 for side, v in job["sides"].items()]
    print(table(rows), "\n")
    for job in results:
        a, b = job["without_dropout"].values()
        print(f"{job['task']} without dropout: train_loss {a['train_loss']:.6f} and {b['train_loss']:.6f}, "
              f"eval_loss {a['eval_loss']:.6f} and {b['eval_loss']:.6f}")


if __name__ == "__main__":
    main()
