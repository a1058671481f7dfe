"""Work that grows with data: preparation, prediction and start-up, beside datasets, tokenizers and transformers' pipeline.

    scripts/bench/setup.sh VENV
    cargo build --release
    python scripts/bench/data.py --python VENV/bin/python --model MINILM --out results/bench/data.json

The data are made here of words of the model's vocabulary, frequent ones as frequent as in English (Zipf), and half of them not in the
vocabulary as they stand. `--scale 0.01` tries the script on a hundredth of the rows.

- Pairs: as many as MNLI has, about 20 and 10 words. Long rows: cut at 512 tokens. Each is prepared for a training of one step, first with
  empty caches on both sides, then again with what the first time left.
- Prediction: lines of about 10 words through `run-glue predict --file` and the pipeline (with batches of 32, of fewer lines); a csv
  through `--do_predict`. The first lines' labels are the same.
- Start-up: one sentence, from the start of the process to its end.
"""

import argparse
import itertools
import json
import os
import pathlib
import random
import sys
import tempfile
import time

from common import HERE, ROOT, machine, measured, median, table

# Rows, words of each text, longest input.
PREPARED = {"400,000 pairs": (400_000, (20, 10), 128), "100,000 rows of 512 tokens": (100_000, (420,), 512)}
LINES = 1_000_000
CSV_ROWS = 2_000_000
PIPELINE_LINES = 5_000


def word_maker(model, seed=1):
    """Gives texts of so many words."""
    vocabulary = json.loads((pathlib.Path(model) / "tokenizer.json").read_text())["model"]["vocab"]
    names = vocabulary if isinstance(vocabulary, dict) else [name for name, _ in vocabulary]
    plain = [name.strip("\u0120\u2581") for name in names]
    plain = sorted({name for name in plain if name.isascii() and name.isalpha() and name.islower()})
    draw = random.Random(seed)
    words = draw.sample(plain, min(len(plain), 20_000))
    words = [word if i % 2 else word + draw.choice(plain) for i, word in enumerate(words)]
    weights = list(itertools.accumulate(1 / (i + 10) for i in range(len(words))))

    def text(length):
        count = max(1, round(draw.gauss(length, length * 0.4)))
        return " ".join(draw.choices(words, cum_weights=weights, k=count)).capitalize() + draw.choice([".", "", "?"])

    return text


def write_csv(path, rows, lengths, text, labels=3):
    """A csv of one or two texts without commas, and a label where there are any."""
    columns = ["sentence1", "sentence2"][: len(lengths)] if len(lengths) > 1 else ["sentence"]
    with open(path, "w", encoding="utf-8") as out:
        out.write(",".join(columns + ["label"] * (labels > 0)) + "\n")
        for row in range(rows):
            cells = [text(length) for length in lengths] + ([str(row % labels)] if labels else [])
            out.write(",".join(cells) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default=sys.executable, help="an interpreter with torch and transformers")
    parser.add_argument("--datasets-python", help="one with datasets and transformers, where it is another")
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "target/release/run-glue")
    parser.add_argument("--model", type=pathlib.Path, required=True, help="folder of a checkpoint that takes 512 tokens")
    parser.add_argument("--scale", type=float, default=1, help="share of the rows")
    parser.add_argument("--repetitions", type=int, default=2)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--only", default="", help="prepare, predict or start")
    parser.add_argument("--out", type=pathlib.Path)
    args = parser.parse_args()
    env = {"RAYON_NUM_THREADS": str(args.threads), "OMP_NUM_THREADS": str(args.threads), "TOKENIZERS_PARALLELISM": "true"}
    text = word_maker(args.model)
    results = {"prepare": {}, "predict": {}, "start": {}}

    def ours_prepared(file, small, length, cache):
        """One step of training: seconds of the data, of all, and peak memory."""
        with tempfile.TemporaryDirectory() as scratch:
            _, seconds, peak = measured(
                [args.program, "--model", args.model, "--train_file", file, "--validation_file", small, "--do_train",
                 "--max_steps", 1, "--max_seq_length", length, "--ignore_mismatched_sizes", "true", "--use_cpu",
                 "--results_dir", scratch], env | {"RUN_GLUE_CACHE": cache})
            record = json.loads(next(pathlib.Path(scratch).rglob("seed-*.json")).read_text())
        timings = record["timings"]
        return {"seconds": timings["data_seconds"] + timings["tokenize_seconds"], "all": seconds, "peak_mib": peak}

    def theirs_prepared(file, length, cache):
        out, seconds, _ = measured([args.datasets_python or args.python, HERE / "hf_data.py", "prepare", "--model", args.model,
                                    "--file", file, "--length", length, "--cache", cache], env)
        return json.loads(out.splitlines()[-1]) | {"all": seconds}

    def theirs_predicted(*flags):
        out, seconds, _ = measured([args.python, HERE / "hf_data.py", "predict", "--model", args.model, "--threads",
                                    args.threads, *flags], env)
        return json.loads(out.splitlines()[-1]) | {"all": seconds}

    def is_wanted(part):
        return args.only in ("", part)

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        small = folder / "small.csv"
        for name, (rows, lengths, length) in PREPARED.items() if is_wanted("prepare") else ():
            rows, file = max(3, round(rows * args.scale)), folder / "rows.csv"
            write_csv(file, rows, lengths, text)
            write_csv(small, 30, lengths, text)
            sides = {side: [] for side in ("run-glue", "run-glue again", "datasets", "datasets again")}
            for turn in range(args.repetitions):
                for again in ("", " again"):
                    cache = str(folder / f"cache-{turn}")
                    sides["run-glue" + again].append(ours_prepared(file, small, length, cache))
                    sides["datasets" + again].append(theirs_prepared(file, length, cache + "-datasets"))
            results["prepare"][name] = {"rows": rows, "sides": {
                side: {key: median([run[key] for run in runs]) for key in ("seconds", "all", "peak_mib")}
                for side, runs in sides.items()}}
            print(name, results["prepare"][name], file=sys.stderr, flush=True)
        if is_wanted("predict"):
            lines, few = folder / "lines.txt", folder / "few.txt"
            count, of_pipeline = round(LINES * args.scale), max(64, round(PIPELINE_LINES * min(1, args.scale * 10)))
            with open(lines, "w", encoding="utf-8") as out:
                out.writelines(text(10) + "\n" for _ in range(count))
            with open(lines, encoding="utf-8") as source, open(few, "w", encoding="utf-8") as out:
                out.writelines(itertools.islice(source, of_pipeline))
            command = [args.program, "predict", args.model, "--use_cpu"]
            out, seconds, peak = measured([*command, "--file", lines], env)
            ours = {"rows": count, "seconds": seconds, "peak_mib": peak}
            _, _, of_few = measured([*command, "--file", few], env)
            theirs = theirs_predicted("--file", few, "--out", folder / "theirs.txt")
            expected = (folder / "theirs.txt").read_text().splitlines()
            far = 0.0
            for own, other in zip(out.splitlines(), expected):
                (label, score), (other_label, other_score) = own.split("\t"), other.split("\t")
                far = max(far, abs(float(score) - float(other_score)), float(label != other_label))
            write_csv(folder / "test.csv", round(CSV_ROWS * args.scale), (10,), text, labels=0)
            with tempfile.TemporaryDirectory() as scratch:
                started = time.perf_counter()
                _, _, csv_peak = measured([args.program, "--model", args.model, "--test_file", folder / "test.csv", "--do_predict",
                                           "--use_cpu", "--results_dir", f"{scratch}/r", "--output_dir", f"{scratch}/o"], env)
                csv_seconds = time.perf_counter() - started
            results["predict"] = {
                "run-glue predict": ours | {"peak_mib_of_few": of_few}, "pipeline": theirs, "largest_difference": far,
                "run-glue --do_predict": {"rows": round(CSV_ROWS * args.scale), "seconds": csv_seconds, "peak_mib": csv_peak}}
            print(results["predict"], file=sys.stderr, flush=True)
        if is_wanted("start"):
            sentence, ours, theirs = "The film was better than I had feared.", [], []
            for _ in range(max(3, args.repetitions)):
                _, seconds, peak = measured([args.program, "predict", args.model, sentence, "--use_cpu"], env)
                ours.append({"seconds": seconds, "peak_mib": peak})
                side = theirs_predicted("--text", sentence)
                theirs.append({"seconds": side["all"], "peak_mib": side["peak_mib"]})
            for side, runs in (("run-glue predict", ours), ("pipeline", theirs)):
                results["start"][side] = {key: median([run[key] for run in runs]) for key in ("seconds", "peak_mib")}

    report = {"machine": machine(), "threads": args.threads, "model": args.model.name, "scale": args.scale, **results}
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps(report, indent=1) + "\n")
    rows = [("what", "side", "rows", "s", "rows a second", "MiB")]
    for name, part in results["prepare"].items():
        rows += [(name, side, part["rows"], f"{v['seconds']:.1f}", f"{part['rows'] / v['seconds']:.0f}", f"{v['peak_mib']:.0f}")
                 for side, v in part["sides"].items()]
    rows += [("prediction", side, v["rows"], f"{v['seconds']:.1f}", f"{v['rows'] / v['seconds']:.0f}", f"{v['peak_mib']:.0f}")
             for side, v in results["predict"].items() if isinstance(v, dict)]
    rows += [("one sentence", side, 1, f"{v['seconds']:.2f}", "", f"{v['peak_mib']:.0f}")
             for side, v in results["start"].items()]
    print(table(rows))
    if results["predict"]:
        print(f"\nThe scores of the pipeline's lines differ by {results['predict']['largest_difference']:.6f} at the most.")


if __name__ == "__main__":
    main()
