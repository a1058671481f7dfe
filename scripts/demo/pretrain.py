"""Pre-trains the tiny encoder on text made by the rules, as BERT and ELECTRA are pre-trained: no task's labels are used.

Pairs are texts that agree: a scene and the same scene in other words, a sentence and what follows from it, a question and a
sentence that answers it. Half of a batch learns to fill masks. In the other half, words of every second pair are exchanged for
others of the same sort, and the encoder learns which words those are (as ELECTRA's does), and, from the pooled first
token, whether the pair is whole (where BERT's next-sentence objective sits).
"""

import random

import numpy as np
import torch
from transformers import BertConfig, BertForPreTraining

import rules
import words as w

SEED = 20
PAIRS_PER_TASK = 12000
STEPS, BATCH, RATE, WARMUP, WINDOW = 8000, 64, 2e-3, 100, 2000
CLASSES, TWINS = w.contrast_classes()


def configuration(vocab_size):
    return BertConfig(vocab_size=vocab_size, hidden_size=64, num_hidden_layers=2, num_attention_heads=4,
                      intermediate_size=256, max_position_embeddings=128, hidden_dropout_prob=0.0,
                      attention_probs_dropout_prob=0.0, pad_token_id=0)


def agreeing_texts(task, count, known):
    """Pairs that agree and single sentences, none of which is in `known`; lower case, words apart."""
    rng = random.Random(f"run-glue demo / pre-training / {task.name}")
    texts = []
    while len(texts) < count:
        pair, label = task.rule(rng, {})
        if task.follows in (None, label) and tuple(map(rules.surface, pair)) not in known:
            texts.append(pair)
    return texts


def exchange(rng, pair, which):
    """The pair with one or two words of text `which` exchanged; and where, as a list of flags for its words."""
    text = pair[which].split()
    around = set(" ".join(pair).split())
    options = []
    for at, word in enumerate(text):
        others = [x for group in CLASSES if word in group for x in group if x not in (word, TWINS.get(word))]
        if others:
            options.append((at, others))
    flags = [0] * len(text)
    for at, others in rng.sample(options, min(len(options), rng.choice((1, 1, 2)))):
        near = [x for x in others if x in around]
        text[at] = rng.choice(near if near and rng.random() < 0.5 else others)
        flags[at] = 1
    changed = list(pair)
    changed[which] = " ".join(text)
    return tuple(changed), flags


class Corpus:
    """The texts as token ids, ready to be put into batches."""

    def __init__(self, tokenizer, known):
        self.vocab = tokenizer.get_vocab()
        self.rng = random.Random(SEED)
        self.pairs = [(pair, 0 if task.name == "qnli" else 1) for task in rules.TASKS if task.name != "ax"
                      for pair in agreeing_texts(task, PAIRS_PER_TASK, known)]
        self.pairs.sort(key=lambda x: len(" ".join(x[0]).split()))
        self.couples = [x for x in self.pairs if len(x[0]) == 2]

    def ids(self, text):
        out, owner = [], []
        for at, word in enumerate(text.split()):
            whole = self.vocab.get(word)
            pieces = [whole] if whole is not None else [self.vocab[word[:-1]], self.vocab["##s"]]
            out += pieces
            owner += [at] * len(pieces)
        return out, owner

    def encode(self, pair, which=None, flags=None):
        """Ids, segments, and for each token whether its word was exchanged (-100 where nobody asks)."""
        ids, segments, marks = [self.vocab["[CLS]"]], [0], [-100]
        for number, text in enumerate(pair):
            part, owner = self.ids(text)
            ids += [*part, self.vocab["[SEP]"]]
            segments += [number] * (len(part) + 1)
            marks += [flags[o] if number == which else -100 for o in owner] + [-100]
        return ids, segments, marks

    def near(self, texts, where, count):
        """Texts of about one length, from around the place `where` (0 to 1) in the sorted list."""
        start = int(where * (len(texts) - WINDOW))
        return [texts[start + self.rng.randrange(WINDOW)] for _ in range(count)]

    def batch(self):
        half, where = BATCH // 2, self.rng.random()
        rows = [self.encode(pair) for pair, _ in self.near(self.pairs, where, half)]
        whole = []
        for at, (pair, which) in enumerate(self.near(self.couples, where, half)):
            flags = [0] * len(pair[which].split())
            if at % 2:
                pair, flags = exchange(self.rng, pair, which)
            whole.append(any(flags) * 1)
            rows.append(self.encode(pair, which, flags))
        width = max(len(ids) for ids, _, _ in rows)
        pad = lambda values, fill: torch.tensor([v + [fill] * (width - len(v)) for v in values])
        ids, segments = pad([r[0] for r in rows], 0), pad([r[1] for r in rows], 0)
        mask = pad([[1] * len(r[0]) for r in rows], 0)
        draw = torch.rand(half, width)
        masked = (draw < 0.2) & (ids[:half] > 4)
        targets = torch.where(masked, ids[:half], -100)
        ids[:half][masked & (draw < 0.16)] = self.vocab["[MASK]"]
        return ids, segments, mask, targets, pad([r[2] for r in rows[half:]], -100), torch.tensor(whole)


def pretrain(tokenizer, known, log=print):
    """The encoder, in evaluation mode, its weights exact in half precision."""
    torch.manual_seed(SEED)
    corpus = Corpus(tokenizer, known)
    model = BertForPreTraining(configuration(len(tokenizer)))
    with torch.no_grad():  # 0.02 suits wider models
        for parameter in model.parameters():
            if parameter.dim() == 2:
                parameter.normal_(0.0, model.config.hidden_size ** -0.5)
    spotter = torch.nn.Linear(model.config.hidden_size, 2)
    parameters = [*model.parameters(), *spotter.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda s: min((s + 1) / WARMUP, max(0.0, (STEPS - s) / (STEPS - WARMUP))))
    entropy = torch.nn.functional.cross_entropy
    half, seen = BATCH // 2, []
    model.train()
    for step in range(STEPS):
        ids, segments, mask, targets, marks, whole = corpus.batch()
        out = model.bert(ids, attention_mask=mask, token_type_ids=segments)
        hidden, pooled = out.last_hidden_state, out.pooler_output
        chosen = targets >= 0
        words_loss = entropy(model.cls.predictions(hidden[:half][chosen]), targets[chosen])
        asked = marks >= 0
        marks_loss = entropy(spotter(hidden[half:][asked]), marks[asked])
        pair_logits = model.cls.seq_relationship(pooled[half:])
        pair_loss = entropy(pair_logits, whole)
        optimizer.zero_grad()
        (words_loss + 5 * marks_loss + pair_loss).backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        seen.append([words_loss.item(), marks_loss.item(), (pair_logits.argmax(1) == whole).float().mean().item()])
        if (step + 1) % 250 == 0:
            values = np.mean(seen, axis=0)
            log(f"step {step + 1}: masked words {values[0]:.3f}, exchanged words {values[1]:.3f}, pairs {values[2]:.3f}")
            seen = []
    encoder = model.bert.eval()
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.copy_(parameter.half().float())
    return encoder
