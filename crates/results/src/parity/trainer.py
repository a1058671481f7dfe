"""The run of a record of run-glue, by the Trainer of transformers with the same settings on the CPU.

    python trainer.py [--data FOLDER] [--model MODEL]

Reads run_glue.json, which run_glue.py takes too, and data.json beside it; writes trainer/trainer_state.json beside them, for
`run-glue parity RECORD --against trainer/trainer_state.json`. Needs torch, transformers, accelerate, datasets, scipy and scikit-learn.
"""

import argparse
import json
import pathlib

import numpy as np
import torch
import transformers
from datasets import load_dataset
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import f1_score, matthews_corrcoef
from torch.nn import functional
from transformers import (AutoConfig, AutoModelForSequenceClassification, AutoTokenizer, DataCollatorWithPadding, Trainer,
                          TrainingArguments, default_data_collator, set_seed)

HERE = pathlib.Path(__file__).resolve().parent
# The order in which these draw from the generator is what run-glue follows.
VERSIONS = {"torch": "2.15", "transformers": "5.23"}
METRICS = {"accuracy": lambda p, y: (p == y).mean(), "f1": lambda p, y: f1_score(y, p),
           "f1_macro": lambda p, y: f1_score(y, p, average="macro"),
           "matthews_correlation": lambda p, y: matthews_corrcoef(y, p), "pearson": lambda p, y: pearsonr(p, y)[0],
           "spearmanr": lambda p, y: spearmanr(p, y)[0]}


def read(data, folder):
    """The training split and that of the evaluation."""
    if folder or data["folder"]:
        root = pathlib.Path(folder or data["folder"])
        files = {use: [str(root / file) for file in files] for use, files in data["files"].items()}
        loaded = load_dataset("parquet", data_files=files)
        return loaded["train"], loaded["validation"]
    loaded = load_dataset(data["dataset"], data["config"])
    return loaded[data["splits"]["train"]], loaded[data["splits"]["validation"]]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="the folder of the dataset, instead of the run's or the Hub's")
    parser.add_argument("--model", help="the model, instead of the run's")
    given = parser.parse_args()
    settings, data = (json.loads((HERE / name).read_text()) for name in ("run_glue.json", "data.json"))
    script = {key: settings.pop(key, None) for key in ("model_name_or_path", "task_name", "max_seq_length",
                                                       "pad_to_max_length", "max_train_samples", "max_eval_samples")}
    model_name = given.model or script["model_name_or_path"]
    arguments = TrainingArguments(**settings | {"output_dir": str(HERE / "trainer")})

    # The order of run_glue.py: the seed, the data, and a model whose head is drawn.
    set_seed(arguments.seed)
    train, validation = read(data, given.data)
    labels, pad = data["labels"], script["pad_to_max_length"]
    config = AutoConfig.from_pretrained(model_name, num_labels=len(labels) or 1)
    # What an earlier task left there would decide the loss.
    config.problem_type = None
    tokenizer = AutoTokenizer.from_pretrained(model_name)
    # The weights are f32 there, however the file has them.
    model = AutoModelForSequenceClassification.from_pretrained(model_name, config=config, dtype="float32")
    order = list(range(len(labels)))
    if labels:
        # run_glue.py's order of a head that has these classes by their names.
        own = {name.lower(): int(i) for name, i in model.config.label2id.items()}
        if not data["new_head"] and sorted(own) == sorted(name.lower() for name in labels):
            order = [own[name.lower()] for name in labels]
        model.config.label2id = {name: order[i] for i, name in enumerate(labels)}
        model.config.id2label = {order[i]: name for i, name in enumerate(labels)}

    def tokenized(split, most):
        if labels:
            # Rows without a label are left out.
            split = split.filter(lambda row: row["label"] is not None and row["label"] != -1)
        split = split.select(range(min(most, len(split)))) if most else split
        length = min(script["max_seq_length"], tokenizer.model_max_length)

        def encoded(rows):
            tokens = tokenizer(*(rows[column] for column in data["columns"]), truncation=True, max_length=length,
                               padding="max_length" if pad else False, return_token_type_ids=data["token_type_ids"])
            return tokens | ({"label": [order[label] for label in rows["label"]]} if labels else {})

        return split.map(encoded, batched=True)

    def compute_metrics(evaluated):
        logits, truth = evaluated.predictions, evaluated.label_ids
        predictions = np.argmax(logits, axis=1) if labels else np.squeeze(logits)
        return {name: float(METRICS[name](predictions, truth)) for name in data["metrics"]}

    def loss_of_step(outputs, truth, num_items_in_batch):
        """The mean over all examples of the step. The Trainer alone adds up the means of the micro-batches."""
        if labels:
            loss = functional.cross_entropy(outputs.logits, truth, reduction="sum",
                                            label_smoothing=arguments.label_smoothing_factor)
        else:
            loss = functional.mse_loss(outputs.logits.squeeze(-1), truth, reduction="sum")
        return loss / num_items_in_batch

    class WholeEvaluation(Trainer):
        """Evaluates every row, also where the last batch of the training is dropped."""

        def get_eval_dataloader(self, *given, **named):
            dropped, self.args.dataloader_drop_last = self.args.dataloader_drop_last, False
            try:
                return super().get_eval_dataloader(*given, **named)
            finally:
                self.args.dataloader_drop_last = dropped

    trainer = WholeEvaluation(
        model=model, args=arguments, train_dataset=tokenized(train, script["max_train_samples"]),
        eval_dataset=tokenized(validation, script["max_eval_samples"]), processing_class=tokenizer,
        data_collator=default_data_collator if pad else DataCollatorWithPadding(tokenizer), compute_metrics=compute_metrics,
        compute_loss_func=loss_of_step if arguments.gradient_accumulation_steps > 1 else None)
    for module in (torch, transformers):
        if not module.__version__.startswith(VERSIONS[module.__name__]):
            print(f"{module.__name__} is {module.__version__}, and run-glue follows {VERSIONS[module.__name__]}: where another "
                  "version draws in another order, the curves part at the first step")
    try:
        trainer.train()
    finally:
        # Also where an evaluation on the way fails, and before the one at the end, which may fail too.
        trainer.save_state()
        (HERE / "trainer" / "run.json").write_text(json.dumps(data["run"]))
    trainer.evaluate()
    trainer.save_state()
    print(f"run-glue parity {data['record']} --against {HERE / 'trainer' / 'trainer_state.json'}")


if __name__ == "__main__":
    main()
