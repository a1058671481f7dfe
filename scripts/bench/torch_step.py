"""Times training steps or inference of a Hugging Face classifier with random weights (SDPA): one JSON object, or with
--plan one for each line of a file.

The counterpart of `run-glue bench`, with the same flags. Sequences are padded to the longest, and the step is that of the
Trainer: loss, backward, clipping to norm 1, AdamW; on the CPU with one read of the loss. On a GPU nothing waits for the
device but the end of all steps.
"""

import argparse
import contextlib
import json
import time

import torch
from transformers import AutoConfig, AutoModelForSequenceClassification

SDPA = {"attn_implementation": "sdpa"}
# Families whose attention PyTorch has no kernel for.
ATTENTION = {"mpnet": {}, "deberta": {}, "deberta-v2": {}, "rembert": {}}
HALVES = {"bf16": torch.bfloat16, "fp16": torch.float16}


TRIES = 10


def peak(layers):
    """Billions of additions and multiplications a second of a 2048 x 2048 x 2048 f32 product, and of the three products of each linear
    layer, the best of ten."""
    def rate(work, product):
        best = float("inf")
        for _ in range(TRIES):
            start = time.perf_counter()
            product()
            best = min(best, time.perf_counter() - start)
        return work / best / 1e9

    n = 2048
    a, b = torch.randn(n, n), torch.randn(n, n)
    rates = []
    for rows, inputs, outputs in layers:
        x, w, g = torch.randn(rows, inputs), torch.randn(outputs, inputs), torch.randn(rows, outputs)
        products = {"forward": lambda: torch.nn.functional.linear(x, w), "weights": lambda: g.t() @ x, "inputs": lambda: g @ w}
        rates.append({f"{name}_gflops": rate(2 * rows * inputs * outputs, product) for name, product in products.items()})
    return {"gflops": rate(2 * n**3, lambda: torch.mm(a, b)), "layers": rates}


class Step:
    """A model on a device, and what is timed of it."""

    def __init__(self, config, lengths, precision, device, compiled):
        torch.manual_seed(0)
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
        config = AutoConfig.from_pretrained(config)
        self.device, self.half = torch.device(device), HALVES.get(precision)
        model = AutoModelForSequenceClassification.from_config(config, **ATTENTION.get(config.model_type, SDPA))
        self.model = model.to(self.device)
        self.forward = torch.compile(self.model) if compiled else self.model
        input_ids = torch.randint(5, config.vocab_size, (len(lengths), max(lengths)))
        if config.is_encoder_decoder:
            # The head looks for the end of each text.
            for row, length in enumerate(lengths):
                input_ids[row, length - 1] = config.eos_token_id
        attention_mask = torch.zeros_like(input_ids)
        for row, length in enumerate(lengths):
            attention_mask[row, :length] = 1
        labels = torch.arange(len(lengths)) % 2
        self.input_ids, self.attention_mask, self.labels = (x.to(self.device) for x in (input_ids, attention_mask, labels))
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=2e-5, fused=True)
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=precision == "fp16")

    def autocast(self):
        return torch.autocast(self.device.type, dtype=self.half) if self.half else contextlib.nullcontext()

    def wait(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def infer(self):
        self.model.eval()
        start = time.perf_counter()
        with torch.inference_mode(), self.autocast():
            self.forward(self.input_ids, attention_mask=self.attention_mask).logits.float().cpu()
        return [time.perf_counter() - start, 0.0, 0.0]

    def train(self):
        self.model.train()
        start = time.perf_counter()
        with self.autocast():
            loss = self.forward(self.input_ids, attention_mask=self.attention_mask, labels=self.labels).loss
        forward = time.perf_counter()
        self.scaler.scale(loss).backward()
        backward = time.perf_counter()
        self.scaler.unscale_(self.optimizer)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad()
        if self.device.type == "cpu":
            loss.item()
        return [forward - start, backward - forward, time.perf_counter() - backward]


def measure(step, warmup, steps, inference):
    """Phases of each timed step as the host sees them, and seconds of all together."""
    once = step.infer if inference else step.train
    start = time.perf_counter()
    once()
    step.wait()
    first = time.perf_counter() - start
    for _ in range(warmup - 1):
        once()
    step.wait()
    start = time.perf_counter()
    phases = [once() for _ in range(steps)]
    step.wait()
    seconds = time.perf_counter() - start
    result = {"phases": phases, "step_seconds": seconds / steps, "samples_per_second": len(step.labels) * steps / seconds,
              "first_step_seconds": first, "torch": torch.__version__, "threads": torch.get_num_threads()}
    if step.device.type == "cuda":
        result["device"] = torch.cuda.get_device_name(step.device)
        result["device_memory_peak_bytes"] = torch.cuda.max_memory_allocated(step.device)
        result["device_memory_reserved_bytes"] = torch.cuda.max_memory_reserved(step.device)
    return result


def planned(args):
    """One line for each case of a plan, as long as there is time."""
    started = time.perf_counter()
    cases = [json.loads(line) for line in open(args.plan)]
    for case in cases:
        told = {key: case[key] for key in ("name", "precision")}
        if time.perf_counter() - started > args.seconds:
            print(json.dumps(told | {"failed": "left out: no time is left"}), flush=True)
            continue
        try:
            if args.device.startswith("cuda"):
                torch.cuda.reset_peak_memory_stats()
            step = Step(case["config"], [case["length"]] * case["batch"], case["precision"], args.device, args.compile)
            told |= measure(step, args.warmup, args.steps, args.inference)
            del told["phases"], step
        except Exception as error:  # the other cases are worth as much
            told["failed"] = f"{type(error).__name__}: {error}".splitlines()[0][:300]
        print(json.dumps(told), flush=True)
        torch.compiler.reset()
        if args.device.startswith("cuda"):
            torch.cuda.empty_cache()


def kernels(step, warmup, steps):
    """Milliseconds a step of the kernels that take longest, by torch.profiler."""
    from torch.profiler import ProfilerActivity, profile
    on_gpu = step.device.type == "cuda"
    for _ in range(warmup):
        step.train()
    step.wait()
    with profile(activities=[ProfilerActivity.CPU] + [ProfilerActivity.CUDA] * on_gpu) as profiler:
        for _ in range(steps):
            step.train()
        step.wait()
    spent = {}
    for event in profiler.key_averages():
        time_us = event.self_device_time_total if on_gpu else event.self_cpu_time_total
        spent[event.key] = time_us / steps / 1e3
    ordered = sorted(spent.items(), key=lambda item: -item[1])
    return {"kernels_ms": {name[:120]: round(ms, 4) for name, ms in ordered[:20] if ms > 0}, "total_ms": sum(spent.values())}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", help="config.json of the model")
    parser.add_argument("--lengths")
    parser.add_argument("--plan", help="a file of JSON lines: name, config, batch, length, precision")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="after which no case of a plan is begun")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--inference", action="store_true")
    parser.add_argument("--compile", action="store_true", help="torch.compile")
    parser.add_argument("--profile", action="store_true", help="times of kernels instead of steps")
    parser.add_argument("--bf16", action="store_const", dest="precision", const="bf16", default="f32")
    parser.add_argument("--fp16", action="store_const", dest="precision", const="fp16")
    parser.add_argument("--tf32", action="store_const", dest="precision", const="tf32")
    parser.add_argument("--peak", action="store_true", help="rates of products instead of steps")
    parser.add_argument("--layers", type=json.loads, default=[], help="rows, inputs and outputs of layers, for --peak")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    if args.peak:
        return print(json.dumps(peak(args.layers)))
    if args.plan:
        return planned(args)
    step = Step(args.config, [int(n) for n in args.lengths.split(",")], args.precision, args.device, args.compile)
    if args.profile:
        return print(json.dumps(kernels(step, args.warmup, args.steps)))
    print(json.dumps(measure(step, args.warmup, args.steps, args.inference)))


if __name__ == "__main__":
    main()
