"""Times training steps or inference of a Hugging Face classifier with random weights (SDPA, CPU): one JSON object.

The counterpart of crates/run-glue/examples/bench_step.rs, with the same flags. Sequences are padded to the longest, and
the step is that of the Trainer: loss, backward, clipping to norm 1, AdamW, with one read of the loss.
"""

import argparse
import contextlib
import json
import time

import torch
from transformers import AutoConfig, AutoModelForSequenceClassification

SDPA = {"attn_implementation": "sdpa"}
# Families whose attention PyTorch has no kernel for.
ATTENTION = {"mpnet": {}, "deberta-v2": {}}


def peak():
    """Billions of additions and multiplications a second of a 2048 x 2048 x 2048 f32 product, the best of ten."""
    n = 2048
    a, b = torch.randn(n, n), torch.randn(n, n)
    best = float("inf")
    for _ in range(10):
        start = time.perf_counter()
        torch.mm(a, b)
        best = min(best, time.perf_counter() - start)
    return 2 * n**3 / best / 1e9


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", help="config.json of the model")
    parser.add_argument("--lengths")
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--inference", action="store_true")
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--peak", action="store_true")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    if args.peak:
        return print(json.dumps({"gflops": peak()}))

    lengths = [int(n) for n in args.lengths.split(",")]
    torch.manual_seed(0)
    config = AutoConfig.from_pretrained(args.config)
    model = AutoModelForSequenceClassification.from_config(config, **ATTENTION.get(config.model_type, SDPA))
    input_ids = torch.randint(5, 29000, (len(lengths), max(lengths)))
    attention_mask = torch.zeros_like(input_ids)
    for row, length in enumerate(lengths):
        attention_mask[row, :length] = 1
    labels = torch.arange(len(lengths)) % 2
    autocast = lambda: torch.autocast("cpu", dtype=torch.bfloat16) if args.bf16 else contextlib.nullcontext()

    phases = []
    if args.inference:
        model.eval()
        for _ in range(args.warmup + args.steps):
            start = time.perf_counter()
            with torch.inference_mode(), autocast():
                model(input_ids, attention_mask=attention_mask).logits.float().numpy()
            phases.append([time.perf_counter() - start, 0.0, 0.0])
    else:
        model.train()
        optimizer = torch.optim.AdamW(model.parameters(), lr=2e-5, fused=True)
        for _ in range(args.warmup + args.steps):
            start = time.perf_counter()
            with autocast():
                loss = model(input_ids, attention_mask=attention_mask, labels=labels).loss
            forward = time.perf_counter()
            loss.backward()
            backward = time.perf_counter()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            loss.item()
            phases.append([forward - start, backward - forward, time.perf_counter() - backward])
    print(json.dumps({"phases": phases[args.warmup:], "torch": torch.__version__, "threads": torch.get_num_threads()}))


if __name__ == "__main__":
    main()
