"""Makes crates/trainer/demo: the miniature GLUE tasks, the tiny tokenizer and the tiny encoder. See README.md."""

import argparse
import json
import os
import pathlib

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import pyarrow as pa
import pyarrow.parquet as pq
import torch
from safetensors.torch import save_file

import pretrain
import rules
import tokenizer as tok

DEMO = pathlib.Path(__file__).resolve().parents[2] / "crates" / "trainer" / "demo"
RECIPE = {"num_train_epochs": 4.0, "per_device_train_batch_size": 16, "learning_rate": 1e-3}


def write_split(task, split, rows, folder):
    """One parquet file with the columns, the types and the metadata that the Hub's GLUE files have."""
    features = {column: {"dtype": "string", "_type": "Value"} for column in task.columns}
    features["label"] = ({"names": list(task.labels), "_type": "ClassLabel"} if task.labels
                         else {"dtype": "float32", "_type": "Value"})
    features["idx"] = {"dtype": "int32", "_type": "Value"}
    types = [(c, pa.string()) for c in task.columns]
    types += [("label", pa.int64() if task.labels else pa.float32()), ("idx", pa.int32())]
    schema = pa.schema(types, metadata={"huggingface": json.dumps({"info": {"features": features}})})
    data = {column: [texts[i] for texts, _ in rows] for i, column in enumerate(task.columns)}
    data["label"] = [label if split.labelled else -1 for _, label in rows]
    data["idx"] = list(range(len(rows)))
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(data, schema=schema), folder / f"{split.name}-00000-of-00001.parquet",
                   compression="snappy", use_dictionary=False, write_statistics=False)


def write_tasks(folder):
    """All files; returns all texts, and the text pairs that are not for training."""
    texts, held_out = [], set()
    for task in rules.TASKS:
        seen = set()
        for split in task.splits:
            rows = rules.rows(task, split, seen)
            write_split(task, split, rows, folder / task.name)
            texts += [text for pair, _ in rows for text in pair]
            if split.name != "train":
                held_out.update(pair for pair, _ in rows)
    return texts, held_out


def write_model(encoder, folder):
    """The encoder as `BertModel.save_pretrained` names things, in half precision to be small; loaded as float32."""
    tensors = {name: value.half().contiguous() for name, value in encoder.state_dict().items()
               if not name.endswith(("position_ids", "token_type_ids"))}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    config = encoder.config
    config.architectures = ["BertModel"]
    fields = config.to_diff_dict()
    fields = {**{k: v for k, v in config.to_dict().items() if k in fields or k.startswith(("hidden", "num_h", "attention",
              "intermediate", "initializer", "layer_norm", "max_position", "type_vocab", "position_embedding"))},
              "dtype": "float32", "model_type": "bert"}
    (folder / "config.json").write_text(json.dumps(fields, indent=2, sort_keys=True) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=pathlib.Path, default=DEMO)
    parser.add_argument("--data-only", action="store_true", help="leave the tokenizer and the encoder as they are")
    args = parser.parse_args()
    torch.set_num_threads(1)
    texts, held_out = write_tasks(args.output / "glue")
    (args.output / "recipe.json").write_text(json.dumps(RECIPE, indent=2) + "\n")
    if args.data_only:
        return
    model = args.output / "model"
    model.mkdir(parents=True, exist_ok=True)
    for task in rules.TASKS[:-1]:
        texts += [text for pair in pretrain.agreeing_texts(task, pretrain.PAIRS_PER_TASK, held_out) for text in pair]
    tokenizer = tok.build(texts)
    tok.save(tokenizer, model)
    write_model(pretrain.pretrain(tokenizer, held_out), model)
    sizes = sum(f.stat().st_size for f in args.output.rglob("*") if f.is_file())
    print(f"{args.output}: {sizes / 1000:.0f} kB, {len(tokenizer)} tokens")


if __name__ == "__main__":
    main()
