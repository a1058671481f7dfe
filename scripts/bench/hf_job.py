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
    parser.add_argument("--epochs", type=float, default=1)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--learning-rate", type=float, default=5e-5)
    parser.add_argument("--device", default="cpu", help="cpu, or cuda for the first GPU")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        arguments = dict(output_dir=scratch, num_train_epochs=options.epochs, save_strategy="no",
                         use_cpu=options.device == "cpu", report_to="none", disable_tqdm=True, bf16=options.bf16,
                         per_device_train_batch_size=options.batch, learning_rate=options.learning_rate)
        run = run_glue(options.task, options.data, options.model, arguments, pad_to_max_length=options.pad,
                       max_train_samples=options.max_train_samples, keep_logits=False)
    print(json.dumps({"train_loss": run.train_metrics["train_loss"], "train_runtime": run.train_metrics["train_runtime"],
                      **{k: v for k, v in run.eval_metrics.items() if isinstance(v, float)}}))


if __name__ == "__main__":
    main()
