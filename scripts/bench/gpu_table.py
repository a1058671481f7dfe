"""gpu_table.py DIR: what gpu.sh left in DIR as one gpu.json, and as a short Markdown report on standard output. Needs no
packages."""

import csv
import json
import pathlib
import sys

from common import table

# Dense peaks of matrix products in TFLOP/s as NVIDIA's data sheets have them: bf16, TF32, f32 without matrix units.
PEAKS = [("H100 PCIe", (756, 378, 51)), ("H100 NVL", (835, 418, 60)), ("H100", (989, 494, 67)), ("H200", (989, 494, 67)),
         ("A100", (312, 156, 19.5)), ("L40S", (362, 183, 91.6)), ("L4", (121, 60, 30.3))]
COLUMN = {"bf16": 0, "fp16": 0, "tf32": 1, "f32": 2}


def peak_of(device, precision):
    """TFLOP/s, or None where the device is not known."""
    return next((peaks[COLUMN[precision]] for name, peaks in PEAKS if name in device), None)


def read(path):
    """The last JSON object of a file, or all lines of objects; nothing where a command died."""
    try:
        text = path.read_text()
        return json.loads(text)
    except (OSError, ValueError):
        return None


def lines(path):
    found = []
    if path.exists():
        for line in path.read_text().splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                pass  # the line that was being written when time was over
    return found


def selftests(out):
    found = []
    for file in sorted(out.glob("selftest-*.json")):
        report = read(file)
        if report:
            worst = max(report["comparisons"], key=lambda c: (c["relative"] if c["relative"] is not None else 1e99) / max(c["limit"], 1e-30))
            found.append({"precision": report["precision"], "backend": report["backend"], "device": report["device"],
                          "comparisons": len(report["comparisons"]), "misses": report["misses"], "seconds": report["seconds"],
                          "worst": {key: worst[key] for key in ("case", "part", "relative", "limit")}})
    return found


def steps(out):
    torch = {(mode, row["name"], row["precision"]): row
             for mode in ("eager", "compile") for row in lines(out / f"torch-{mode}.json")}
    found = []
    for case in lines(out / "plan.jsonl"):
        name, precision = case["name"], case["precision"]
        ours = read(out / f"ours-{name}-{precision}.json")
        row = {"case": f"{pathlib.Path(case['config']).stem} {case['batch']} x {case['length']}", "precision": precision,
               "ours": ours, "torch_eager": torch.get(("eager", name, precision)),
               "torch_compile": torch.get(("compile", name, precision))}
        if ours:
            peak = peak_of(ours["device"], precision)
            row["model_flops_utilisation"] = ours["model_gflops"] / 1e3 / peak if peak else None
            row["made_share_of_peak"] = ours["made_gflops"] / 1e3 / peak if peak else None
            for mode in ("eager", "compile"):
                theirs = (row[f"torch_{mode}"] or {}).get("step_seconds")
                # As the goal has it: 1 or more is as fast as PyTorch or faster.
                row[f"speed_{mode}"] = theirs / ours["step_seconds"] if theirs else None
        found.append(row)
    return found


def runs(out):
    found = []
    for task in ("mrpc", "stsb"):
        ours, theirs = (read(out / f"job-{side}-{task}.json") for side in ("ours", "torch"))
        results = read(out / f"job-{task}" / "all_results.json")
        found.append({"task": task, "seconds": ours and ours["seconds"], "results": results,
                      "trainer_seconds": theirs and theirs["seconds"], "trainer_results": theirs and theirs["last"]})
    return [row for row in found if row["seconds"] or row["trainer_seconds"]]


def kernels(out):
    """Milliseconds a step by kernel."""
    found = {"torch": (read(out / "profile-torch.json") or {}).get("kernels_ms")}
    file = out / "profile-kernels.json"
    if file.exists():
        rows = [line for line in file.read_text().splitlines() if "," in line]
        start = next((i for i, line in enumerate(rows) if line.startswith("Time (%)")), None)
        if start is not None:
            # Eight steps are run, three of them first; all are in the profile.
            found["ours"] = {row["Name"][:120]: float(row["Total Time (ns)"]) / 1e6 / 8
                             for row in list(csv.DictReader(rows[start:]))[:20]}
    ours = read(out / "profile-ours.json")
    if ours:
        found["ours"] = {part: seconds * 1e3 for part, seconds in ours["parts"].items()}
    return {side: times for side, times in found.items() if times}


def text(value, form="{:.2f}"):
    return "-" if value is None else form.format(value)


def main():
    out = pathlib.Path(sys.argv[1])
    stages = lines(out / "stages.jsonl")
    report = {"stages": stages, "selftest": selftests(out), "steps": steps(out), "jobs": runs(out), "kernels": kernels(out),
              "peak_f32": read(out / "peak-f32.json")}
    (out / "gpu.json").write_text(json.dumps(report, indent=1) + "\n")
    device = next((row["ours"]["device"] for row in report["steps"] if row["ours"]), None)
    device = device or next((row["device"] for row in report["selftest"]), "unknown device")
    print(f"# run-glue on {device}\n")
    if report["selftest"]:
        rows = [("self-test", "comparisons", "misses", "nearest to its limit", "relative", "limit", "s")]
        rows += [(r["precision"], r["comparisons"], r["misses"], f"{r['worst']['case']}: {r['worst']['part']}",
                  text(r["worst"]["relative"], "{:.1e}"), text(r["worst"]["limit"], "{:.1e}"), text(r["seconds"], "{:.0f}"))
                 for r in report["selftest"]]
        print(table(rows), "\n")
    if report["steps"]:
        torch = next((row["torch_eager"]["torch"] for row in report["steps"] if (row["torch_eager"] or {}).get("torch")), None)
        rows = [("training step", "precision", "ms", "samples/s", "eager ms", "compile ms", "speed to eager",
                 "speed to compile", "MFU", "made of peak", "MiB", "eager MiB", "first step s", "kernels compiled")]
        for r in report["steps"]:
            ours, eager, compiled = (r[side] or {} for side in ("ours", "torch_eager", "torch_compile"))
            ms = lambda side: side.get("step_seconds") and side["step_seconds"] * 1e3
            mib = lambda side, key: side.get(key) and side[key] / 2**20
            rows.append((r["case"], r["precision"], text(ms(ours)), text(ours.get("samples_per_second"), "{:.0f}"),
                         text(ms(eager)), text(ms(compiled)), text(r.get("speed_eager")), text(r.get("speed_compile")),
                         text(r.get("model_flops_utilisation"), "{:.0%}"), text(r.get("made_share_of_peak"), "{:.0%}"),
                         text(mib(ours, "device_memory_reserved_bytes"), "{:.0f}"),
                         text(mib(eager, "device_memory_reserved_bytes"), "{:.0f}"),
                         text(ours.get("first_step_seconds"), "{:.1f}"), text((ours.get("kernels") or {}).get("compiled"), "{}")))
        print(table(rows))
        print(f"\nPyTorch {torch or 'is not here'}. Speed: PyTorch's time over ours, 1 or more is as fast or faster. MFU: operations of "
              "the whole model over the peak of the precision; made: those that run-glue makes (the last layer's last part has "
              "one row a sequence).\n")
    if report["jobs"]:
        rows = [("run, bf16", "s", "Trainer s", "training s", "Trainer's", "metric", "Trainer's")]
        for r in report["jobs"]:
            ours, theirs = r["results"] or {}, r["trainer_results"] or {}
            key = "eval_f1" if r["task"] == "mrpc" else "eval_pearson"
            rows.append((r["task"], text(r["seconds"]), text(r["trainer_seconds"]), text(ours.get("train_runtime")),
                         text(theirs.get("train_runtime")), f"{key} {text(ours.get(key), '{:.4f}')}",
                         text(theirs.get(key), "{:.4f}")))
        print(table(rows), "\n")
    for side, times in report["kernels"].items():
        whole = sum(times.values())
        rows = [(f"{'run-glue' if side == 'ours' else 'PyTorch'}: kernel or part", "ms a step", "share")]
        rows += [(f"`{name}`", text(ms, "{:.3f}"), f"{ms / whole:.0%}") for name, ms in list(times.items())[:12]]
        print(table(rows), "\n")
    missed = [stage for stage in stages if stage["outcome"] != "ok"]
    for stage in missed:
        print(f"- {stage['name']}: {stage['outcome']}")


if __name__ == "__main__":
    main()
