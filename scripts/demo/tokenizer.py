"""The demo's WordPiece tokenizer: whole words of the small world, and letters for everything else."""

import json
import string

from transformers import BertTokenizer

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
MARKS = list(".,?!'\"-:;()")
ENDINGS = ["##ed", "##er", "##es", "##ing", "##ly"]
LENGTH = 128


def vocabulary(texts):
    """Every word that occurs in `texts`, after special tokens, marks, digits, letters and endings."""
    words = set()
    for text in texts:
        spaced = "".join(f" {c} " if c in MARKS else c for c in text.lower())
        words.update(spaced.split())
    pieces = list(string.digits + string.ascii_lowercase)
    fixed = SPECIAL + MARKS + pieces + [f"##{p}" for p in pieces] + ENDINGS
    plurals = {x for x in words if x.endswith("s") and x[:-1] in words and x not in ("is", "its")}
    return fixed + sorted(words - plurals - set(fixed))


def build(texts):
    tokens = vocabulary(texts)
    return BertTokenizer(vocab={t: i for i, t in enumerate(tokens)}, do_lower_case=True, model_max_length=LENGTH)


def save(tokenizer, folder):
    """As `save_pretrained` writes it, and the `vocab.txt` of older versions."""
    tokenizer.save_pretrained(folder)
    path = folder / "tokenizer_config.json"
    settings = json.loads(path.read_text())
    for key in ("is_local", "local_files_only", "name_or_path"):
        settings.pop(key, None)
    path.write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    ordered = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    (folder / "vocab.txt").write_text("".join(f"{token}\n" for token, _ in ordered), encoding="utf-8")
