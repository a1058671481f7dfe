"""Fine-tunes the demo's encoder on its nine tasks with PyTorch, as run_glue.py does, and prints what comes out.

    python scripts/demo/check_demo.py --seeds 42 1 2 3

The loop is run_glue.py's: the new head is drawn after `set_seed`, rows come in the order of `torch.randperm`, AdamW without
decay, a linear schedule to zero, gradients clipped at norm 1, the last small batch kept.
"""

import argparse
import collections
import json
import math
import os
import pathlib
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import pyarrow.parquet as pq
import torch
import transformers
from scipy.stats import pearsonr
from sklearn.metrics import matthews_corrcoef
from transformers import AutoModelForSequenceClassification, AutoTokenizer, get_linear_schedule_with_warmup, set_seed

import rules

DEMO = pathlib.Path(__file__).resolve().parents[2] / "crates" / "trainer" / "demo"
FLOORS = {"cola": 0.5, "stsb": 0.7, "mnli": 0.7}  # elsewhere 0.8


def load(demo, tokenizer, task, split):
    """Token ids and segments of each row, and the labels."""
    table = pq.read_table(demo / "glue" / task.name / f"{split}-00000-of-00001.parquet").to_pydict()
    encoded = tokenizer(*(table[c] for c in task.columns), truncation=True, max_length=128)
    return list(zip(encoded["input_ids"], encoded["token_type_ids"])), table["label"]


def batch(rows, labels, at):
    width = max(len(rows[i][0]) for i in at)
    ids, segments, mask = (torch.zeros(len(at), width, dtype=torch.long) for _ in range(3))
    for k, i in enumerate(at):
        length = len(rows[i][0])
        ids[k, :length], segments[k, :length] = torch.tensor(rows[i][0]), torch.tensor(rows[i][1])
        mask[k, :length] = 1
    return {"input_ids": ids, "token_type_ids": segments, "attention_mask": mask,
            "labels": torch.tensor([labels[i] for i in at])}


def train(model, rows, labels, recipe, seed):
    size, epochs = recipe["per_device_train_batch_size"], recipe["num_train_epochs"]
    per_epoch = math.ceil(len(rows) / size)
    steps = math.ceil(epochs * per_epoch)
    optimizer = torch.optim.AdamW(model.parameters(), lr=recipe["learning_rate"], eps=1e-8, weight_decay=0.0)
    schedule = get_linear_schedule_with_warmup(optimizer, 0, steps)
    model.train()
    for step in range(steps):
        epoch, at = divmod(step, per_epoch)
        if at == 0:
            order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(seed + epoch)).tolist()
        loss = model(**batch(rows, labels, order[at * size:(at + 1) * size])).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    return steps


def evaluate(model, rows, labels, task):
    model.eval()
    with torch.no_grad():
        logits = np.concatenate([model(**batch(rows, labels, range(i, min(i + 32, len(rows))))).logits.numpy()
                                 for i in range(0, len(rows), 32)])
    if task.labels is None:
        return float(pearsonr(logits[:, 0], labels)[0])
    predicted = logits.argmax(1)
    if task.name == "cola":
        return float(matthews_corrcoef(labels, predicted))
    return float((predicted == np.array(labels)).mean())


def majority(labels, task):
    """What answering the same every time gets."""
    if task.labels is None or task.name == "cola":
        return 0.0
    return max(collections.Counter(labels).values()) / len(labels)


def run(demo, task, recipe, seed):
    """Metric of every validation split, their baselines, steps and seconds."""
    started = time.process_time()
    set_seed(seed)
    tokenizer = AutoTokenizer.from_pretrained(demo / "model")
    model = AutoModelForSequenceClassification.from_pretrained(
        demo / "model", num_labels=len(task.labels or "1"), dtype=torch.float32)
    set_seed(seed)
    steps = train(model, *load(demo, tokenizer, task, "train"), recipe, seed)
    scores = {}
    for split in (s.name for s in task.splits if s.name.startswith("validation")):
        rows, labels = load(demo, tokenizer, task, split)
        scores[split] = evaluate(model, rows, labels, task), majority(labels, task)
    return scores, steps, time.process_time() - started


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--demo", type=pathlib.Path, default=DEMO)
    parser.add_argument("--seeds", type=int, nargs="+", default=[42])
    parser.add_argument("--tasks", nargs="+", default=[t.name for t in rules.TASKS if t.name != "ax"])
    parser.add_argument("--threads", type=int, default=2)
    for key, kind in (("num_train_epochs", float), ("per_device_train_batch_size", int), ("learning_rate", float)):
        parser.add_argument(f"--{key}", type=kind, help="instead of the recipe's")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    recipe = json.loads((args.demo / "recipe.json").read_text())
    recipe |= {k: getattr(args, k) for k in recipe if getattr(args, k, None) is not None}
    print(json.dumps(recipe))
    total, low = collections.Counter(), []
    for task in (t for t in rules.TASKS if t.name in args.tasks):
        results = [run(args.demo, task, recipe, seed) for seed in args.seeds]
        for split in results[0][0]:
            scores = [scores[split][0] for scores, _, _ in results]
            if min(scores) < FLOORS.get(task.name, 0.8):
                low.append(f"{task.name} {split}")
            print(f"{task.name:5} {split:22} baseline {results[0][0][split][1]:.3f}  "
                  + " ".join(f"{s:.3f}" for s in scores), end="  ")
        total.update({seed: seconds for seed, (_, _, seconds) in zip(args.seeds, results)})
        print(f"{results[0][1]} steps, {np.mean([s for _, _, s in results]):.2f} s", flush=True)
    print("seconds, all tasks:", {seed: round(seconds, 1) for seed, seconds in total.items()})
    if low:
        raise SystemExit(f"too low: {', '.join(low)}")


if __name__ == "__main__":
    main()
