"""The nine tasks and AX as a table: columns, labels, sizes, and the rule that makes a row."""

import collections
import dataclasses
import random
import typing

import pair_rules as pairs
import sentence_rules as sentences
import words as w

# MNLI: what the matched part speaks of; the mismatched part speaks of the rest.
MATCHED = {
    "agents": "man boy teacher doctor farmer dog horse rabbit".split(),
    "things": "pear plum guitar violin car bike hat shirt book map ball puzzle hammer ladder".split(),
    "places": "park garden forest kitchen school museum".split(),
}
MISMATCHED = {
    key: [x for ws in table.values() for x in ws if x not in MATCHED[key]]
    for key, table in (("agents", w.AGENTS), ("things", w.THINGS), ("places", w.PLACES))
}


@dataclasses.dataclass(frozen=True)
class Split:
    name: str
    rows: int
    world: dict = dataclasses.field(default_factory=dict)

    @property
    def labelled(self):
        return not self.name.startswith("test")


@dataclasses.dataclass(frozen=True)
class Task:
    name: str
    columns: tuple
    labels: tuple | None  # None: a score
    rule: typing.Callable
    splits: tuple
    follows: int | None = None  # the label of pairs whose second text agrees with the first, for pre-training


def _splits(train, validation=150, test=20):
    return Split("train", train), Split("validation", validation), Split("test", test)


MNLI_LABELS = ("entailment", "neutral", "contradiction")
SENTENCES = ("sentence1", "sentence2")
TRAIN = 800
TASKS = (
    Task("cola", ("sentence",), ("unacceptable", "acceptable"), sentences.cola, _splits(TRAIN), 1),
    Task("sst2", ("sentence",), ("negative", "positive"), sentences.sst2, _splits(TRAIN)),
    Task("mrpc", SENTENCES, ("not_equivalent", "equivalent"), pairs.mrpc, _splits(TRAIN), 1),
    Task("stsb", SENTENCES, None, pairs.stsb, _splits(TRAIN), 5),
    Task("qqp", ("question1", "question2"), ("not_duplicate", "duplicate"), pairs.qqp, _splits(TRAIN), 1),
    Task("mnli", ("premise", "hypothesis"), MNLI_LABELS, pairs.mnli,
         (Split("train", TRAIN, MATCHED), Split("validation_matched", 150, MATCHED),
          Split("validation_mismatched", 150, MISMATCHED), Split("test_matched", 20, MATCHED),
          Split("test_mismatched", 20, MISMATCHED)), 0),
    Task("qnli", ("question", "sentence"), ("entailment", "not_entailment"), pairs.qnli, _splits(TRAIN), 0),
    Task("rte", SENTENCES, ("entailment", "not_entailment"), pairs.rte, _splits(TRAIN), 0),
    Task("wnli", SENTENCES, ("not_entailment", "entailment"), pairs.wnli, _splits(TRAIN), 1),
    Task("ax", ("premise", "hypothesis"), MNLI_LABELS, pairs.mnli, (Split("test", 40),)),
)


def surface(text):
    """A line of words as it is written: capitals, and no space before punctuation."""
    text = " ".join(x.capitalize() if x in (*w.NAMES, "i", "monday", "friday") else x for x in text.split())
    for mark in ".,?":
        text = text.replace(f" {mark}", mark)
    return text[0].upper() + text[1:]


def rows(task, split, seen):
    """The rows of a split, (texts, label); no text pair that is in `seen`, to which they are added.

    No label takes more than 1.1 times its even share.
    """
    rng = random.Random(f"run-glue demo / {task.name} / {split.name}")
    made, count = [], collections.Counter()
    limit = split.rows * 1.1 / len(task.labels) if task.labels else split.rows
    while len(made) < split.rows:
        texts, label = task.rule(rng, split.world)
        texts = tuple(surface(t) for t in texts)
        if texts not in seen and count[label] < limit:
            seen.add(texts)
            count[label] += 1
            made.append((texts, label))
    return made
