"""Training steps and inference beside PyTorch: the same shapes, the same threads, alternating processes, medians.

    scripts/bench/setup.sh VENV
    cargo build --release
    python scripts/bench/steps.py --python VENV/bin/python --out results/bench/steps.json
"""

import argparse
import json
import os
import pathlib
import sys
import tempfile

from common import HERE, ROOT, has_bf16, machine, measured, median, table

BERT = dict(model_type="bert", vocab_size=30522, max_position_embeddings=512, type_vocab_size=2)
MINILM = BERT | dict(num_hidden_layers=6, hidden_size=384, num_attention_heads=12, intermediate_size=1536)
BASE = BERT | dict(num_hidden_layers=12, hidden_size=768, num_attention_heads=12, intermediate_size=3072)
#        name, configuration, batch, length
CASES = [("MiniLM-L6 32 x 64", MINILM, 32, 64),
         ("MiniLM-L6 32 x 128", MINILM, 32, 128),
         ("BERT-base 8 x 128", BASE, 8, 128),
         ("BERT-base 32 x 128", BASE, 32, 128)]
LLAMA = dict(vocab_size=30522, max_position_embeddings=2048, pad_token_id=0)
# The published sizes of each family, but for the words, of which BERT's number is taken everywhere.
FAMILIES = {
    "DistilBERT-base": dict(model_type="distilbert", vocab_size=30522, dim=768, n_layers=6, n_heads=12, hidden_dim=3072,
                            max_position_embeddings=512),
    "RoBERTa-base": BASE | dict(model_type="roberta", type_vocab_size=1, max_position_embeddings=514, pad_token_id=1),
    "ELECTRA-small": BERT | dict(model_type="electra", embedding_size=128, num_hidden_layers=12, hidden_size=256,
                                 num_attention_heads=4, intermediate_size=1024),
    "ALBERT-base": BASE | dict(model_type="albert", embedding_size=128, hidden_act="gelu_new"),
    "MPNet-base": BASE | dict(model_type="mpnet", max_position_embeddings=514, pad_token_id=1),
    "DeBERTa-v3-base": BASE | dict(
        model_type="deberta-v2", type_vocab_size=0, relative_attention=True, position_buckets=256, share_att_key=True,
        norm_rel_ebd="layer_norm", pos_att_type=["p2c", "c2p"], position_biased_input=False),
    "DeBERTa-base": BASE | dict(
        model_type="deberta", type_vocab_size=0, relative_attention=True, pos_att_type=["c2p", "p2c"],
        position_biased_input=False, max_relative_positions=-1),
    "DeBERTa-v2-xlarge, 4 layers": BERT | dict(
        model_type="deberta-v2", num_hidden_layers=4, hidden_size=1536, num_attention_heads=24, intermediate_size=6144,
        type_vocab_size=0, relative_attention=True, position_buckets=256, share_att_key=True, conv_kernel_size=3,
        conv_act="gelu", norm_rel_ebd="layer_norm", pos_att_type=["p2c", "c2p"], position_biased_input=False),
    "ModernBERT-base": dict(model_type="modernbert", vocab_size=30522, num_hidden_layers=22, hidden_size=768,
                            num_attention_heads=12, intermediate_size=1152, pad_token_id=0),
    "NomicBERT": BASE | dict(model_type="nomic_bert", pad_token_id=0),
    "EuroBERT-210m": LLAMA | dict(model_type="eurobert", num_hidden_layers=12, hidden_size=768, num_attention_heads=12,
                                  intermediate_size=3072),
    "ERNIE-3.0-base": BASE | dict(model_type="ernie", use_task_id=True, type_vocab_size=4),
    "RemBERT, half": BERT | dict(model_type="rembert", num_hidden_layers=12, hidden_size=1152, num_attention_heads=18,
                                 intermediate_size=4608, input_embedding_size=256),
    "GPT-2": dict(model_type="gpt2", vocab_size=30522, n_embd=768, n_layer=12, n_head=12, n_positions=1024, pad_token_id=0),
    "Pythia-160m": dict(model_type="gpt_neox", vocab_size=30522, num_hidden_layers=12, hidden_size=768,
                        num_attention_heads=12, intermediate_size=3072, pad_token_id=0),
    "OPT-125m": dict(model_type="opt", vocab_size=30522, num_hidden_layers=12, hidden_size=768, num_attention_heads=12,
                     ffn_dim=3072, max_position_embeddings=2048, word_embed_proj_dim=768, pad_token_id=1),
    "SmolLM2-135M": LLAMA | dict(model_type="llama", num_hidden_layers=30, hidden_size=576, num_attention_heads=9,
                                 num_key_value_heads=3, intermediate_size=1536),
    "Qwen3, 8 layers": LLAMA | dict(model_type="qwen3", num_hidden_layers=8, hidden_size=1024, num_attention_heads=16,
                                    num_key_value_heads=8, head_dim=128, intermediate_size=3072),
    "Gemma-3-270m": LLAMA | dict(model_type="gemma3_text", num_hidden_layers=18, hidden_size=640, num_attention_heads=4,
                                 num_key_value_heads=1, head_dim=256, intermediate_size=2048, sliding_window=512),
    "T5-small": dict(model_type="t5", vocab_size=30522, d_model=512, d_kv=64, d_ff=2048, num_layers=6, num_heads=8,
                     decoder_start_token_id=0),
    "T5-v1.1-base": dict(model_type="t5", vocab_size=30522, d_model=768, d_kv=64, d_ff=2048, num_layers=12, num_heads=12,
                         feed_forward_proj="gated-gelu", decoder_start_token_id=0),
}
FAMILY_CASES = [(f"{name} 8 x 64", config, 8, 64) for name, config in FAMILIES.items()]
#        name             flags             passes over the products (forward, and two in the backward pass)
MODES = [("training", [], 3), ("training, bf16", ["--bf16"], 3), ("inference", ["--inference"], 1)]


def gflop(case, passes):
    """Billions of operations that our program makes in linear layers and attention. Beyond its attention, the last layer
    has one row a sequence; scores that the backward pass computes again are not counted."""
    _, config, batch, length = case
    layers, hidden, ffn = (config.get(key) for key in ("num_hidden_layers", "hidden_size", "intermediate_size"))
    tokens = batch * length
    projections = 2 * layers * tokens * 3 * hidden * hidden
    rest = 2 * ((layers - 1) * tokens + batch) * (hidden * hidden + 2 * hidden * ffn)
    attention = layers * 2 * 2 * tokens * length * hidden
    return passes * (projections + rest + attention) / 1e9


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default=sys.executable, help="an interpreter with torch and transformers")
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "target/release/run-glue")
    parser.add_argument("--repetitions", type=int, default=3, help="processes of each program")
    parser.add_argument("--steps", type=int, default=4, help="timed steps a process")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--families", action="store_true", help="one shape of each family, f32, instead of BERT's")
    parser.add_argument("--only", default="", help="cases whose name holds this")
    parser.add_argument("--out", type=pathlib.Path)
    args = parser.parse_args()
    env = {"RAYON_NUM_THREADS": str(args.threads), "OMP_NUM_THREADS": str(args.threads)}
    torch = [args.python, HERE / "torch_step.py", "--threads", args.threads]

    def run(command):
        out, _, peak = measured(command, env)
        result = json.loads(out.splitlines()[-1])
        return {**result, "peak_mib": peak}

    ours = run([args.program, "bench", "--use_cpu", "--peak"])
    peaks = {"ours": ours["gflops"], "torch": run([*torch, "--peak"])["gflops"], "fma": ours.get("fma_gflops")}
    # No product is faster than multiplications and additions that wait for nothing.
    peak = peaks["fma"] or max(peaks["ours"], peaks["torch"])
    host = machine()
    if not has_bf16(host):
        print("left out: bf16, for which this CPU has no instructions", file=sys.stderr)
    results = []
    work = pathlib.Path(tempfile.mkdtemp())
    for case in FAMILY_CASES if args.families else CASES:
        name, config, batch, length = case
        if args.only not in name:
            continue
        file = work / "config.json"
        file.write_text(json.dumps(config))
        shape = ["--config", file, "--lengths", ",".join([str(length)] * batch), "--steps", args.steps, "--warmup", 2]
        for mode, flags, passes in MODES:
            if "--bf16" in flags and (args.families or not has_bf16(host)):
                continue
            runs = {"ours": [], "torch": []}
            for _ in range(args.repetitions):
                runs["ours"].append(run([args.program, "bench", "--use_cpu", *shape, *flags]))
                runs["torch"].append(run([*torch, *shape, *flags]))
            row = {"case": name, "mode": mode}
            for side, values in runs.items():
                steps = [phase for value in values for phase in value["phases"]]
                row[side] = {"ms": median([sum(p) for p in steps]) * 1e3,
                             "phases_ms": [median([p[i] for p in steps]) * 1e3 for i in range(3)],
                             "peak_mib": max(value["peak_mib"] for value in values)}
            row["ratio"] = row["ours"]["ms"] / row["torch"]["ms"]
            if not args.families:
                row["gflops"] = gflop(case, passes) / row["ours"]["ms"] * 1e3
                row["share_of_peak"] = row["gflops"] / peak
            row["ours"]["parts_ms"] = {part: median([v["parts"][part] for v in runs["ours"]]) * 1e3
                                       for part in runs["ours"][0]["parts"]}
            row["ours"]["page_faults_per_step"] = median([v["page_faults_per_step"] for v in runs["ours"]])
            results.append(row)
            print(f"{name}, {mode}: {row['ours']['ms']:.0f} ms, torch {row['torch']['ms']:.0f} ms, "
                  f"ratio {row['ratio']:.2f}", file=sys.stderr, flush=True)
    versions, _, _ = measured([args.python, "-c", "import torch, transformers; "
                               "print(torch.__version__, transformers.__version__)"], env)
    torch_version, transformers_version = versions.split()
    report = {"machine": host, "threads": args.threads, "torch": torch_version,
              "transformers": transformers_version, "peak_gflops": peaks, "steps": results}
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps(report, indent=1) + "\n")
    rows = [("case", "mode", "ms", "PyTorch ms", "ratio", "MiB", "PyTorch MiB", "share of the FMA peak", "page faults a step")]
    rows += [(r["case"], r["mode"], f"{r['ours']['ms']:.0f}", f"{r['torch']['ms']:.0f}", f"{r['ratio']:.2f}",
              f"{r['ours']['peak_mib']:.0f}", f"{r['torch']['peak_mib']:.0f}", f"{r['share_of_peak']:.0%}" if "share_of_peak" in r else "-",
              f"{r['ours']['page_faults_per_step']:.1f}") for r in results]
    print(table(rows), "\n")
    parts = list(results[0]["ours"]["parts_ms"])
    rows = [("case", "mode", *(f"{part} ms" for part in parts))]
    rows += [(r["case"], r["mode"], *(f"{r['ours']['parts_ms'][part]:.1f}" for part in parts)) for r in results]
    print(table(rows))


if __name__ == "__main__":
    main()
