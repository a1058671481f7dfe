"""A whole job with the Hugging Face Trainer, as run_glue.py makes it: prints train_loss and the metrics as JSON."""

import argparse
import json
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "fixtures"))

from glue_run import run_glue  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", required=True)
    parser.add_argument("--data", required=True, help="folder with the task's parquet files")
    parser.add_argument("--model", required=True)
    parser.add_argument("--pad", action="store_true", help="to 128 tokens, run_glue.py's default")
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--max-train-samples", type=int)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        arguments = dict(output_dir=scratch, num_train_epochs=1, save_strategy="no", use_cpu=True, report_to="none",
                         disable_tqdm=True, bf16=options.bf16)
        run = run_glue(options.task, options.data, options.model, arguments, pad_to_max_length=options.pad,
                       max_train_samples=options.max_train_samples, keep_logits=False)
    print(json.dumps({"train_loss": run.train_metrics["train_loss"], "train_runtime": run.train_metrics["train_runtime"],
                      **{k: v for k, v in run.eval_metrics.items() if isinstance(v, float)}}))


if __name__ == "__main__":
    main()
