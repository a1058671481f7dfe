"""The Python side of data.py: datasets and tokenizers prepare rows, or transformers' pipeline predicts lines; prints figures as JSON."""

import argparse
import json
import resource
import time


def prepare(options):
    """Reads csv files and tokenizes them with all threads, as run_glue.py does it; what was done before comes from datasets' cache."""
    import datasets
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(options.model)
    started = time.perf_counter()
    rows = datasets.load_dataset("csv", data_files=options.file, cache_dir=options.cache)["train"]
    texts = [name for name in rows.column_names if name != "label"]
    rows = rows.map(lambda batch: tokenizer(*(batch[name] for name in texts), truncation=True, max_length=options.length),
                    batched=True)
    seconds = time.perf_counter() - started
    return {"rows": len(rows), "seconds": seconds, "tokens_of_last": len(rows[-1]["input_ids"])}


def predict(options):
    """Labels of lines, or of one sentence, by the pipeline."""
    import torch
    from transformers import pipeline

    torch.set_num_threads(options.threads)
    classify = pipeline("text-classification", model=options.model, device="cpu")
    started = time.perf_counter()
    if options.text:
        classify(options.text)
        return {"rows": 1, "seconds": time.perf_counter() - started}
    with open(options.file, encoding="utf-8") as file:
        lines = [line.rstrip("\n") for line in file]
    with open(options.out, "w", encoding="utf-8") as out:
        for best in classify((line for line in lines), batch_size=32, truncation=True):
            out.write(f"{best['label']}\t{best['score']:.6f}\n")
    return {"rows": len(lines), "seconds": time.perf_counter() - started}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["prepare", "predict"])
    parser.add_argument("--model", required=True)
    parser.add_argument("--file")
    parser.add_argument("--text")
    parser.add_argument("--out")
    parser.add_argument("--cache", help="datasets' folder")
    parser.add_argument("--length", type=int, default=128)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    result = {"prepare": prepare, "predict": predict}[options.what](options)
    print(json.dumps(result | {"peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


if __name__ == "__main__":
    main()
