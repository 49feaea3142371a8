"""How long an epoch of fine-tuning BERT takes with PyTorch and transformers, and what it comes to.

    python bert.py PRETRAINED DATA [--batch 16] [--threads 2] [--epochs 3] [--lr 5e-5] [--frozen 0]

`PRETRAINED` is a folder that `save_pretrained` wrote, `DATA` one with `train.tsv` and `test.tsv`
(text, tab, label). Batches are random and padded to their longest text; AdamW with weight decay
on matrices alone, warm-up over a tenth of the steps and a linear fall, gradients clipped to norm 1:
what `benches/transformer.rs` does. `--fused` takes PyTorch's fused AdamW.
"""

import argparse
import random
import time

import torch
from transformers import AutoTokenizer, BertForSequenceClassification


def read(path):
    with open(path, encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file if line.strip()]
    if rows[0] in (["text", "label"], ["label", "text"]):
        header, rows = rows[0], rows[1:]
    else:
        header = ["text", "label"]
    text, label = header.index("text"), header.index("label")
    return [(row[text], row[label]) for row in rows]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pretrained")
    parser.add_argument("data")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--lr", type=float, default=5e-5)
    parser.add_argument("--clip", type=float, default=1.0)
    parser.add_argument("--frozen", type=int, default=0)
    parser.add_argument("--fused", action="store_true")
    parser.add_argument("--sort", action="store_true", help="batches of like length, as ours are")
    parser.add_argument("--test", action="store_true", help="judge by the test split at the end")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    shuffler = random.Random(1)

    train = read(f"{options.data}/train.tsv")
    labels = sorted({label for _, label in train})
    tokenizer = AutoTokenizer.from_pretrained(options.pretrained)
    encode = lambda texts: tokenizer(texts, truncation=True, max_length=128)["input_ids"]
    texts = encode([text for text, _ in train])
    gold = [labels.index(label) for _, label in train]

    def batch(numbers, texts=texts):
        longest = max(len(texts[n]) for n in numbers)
        ids = torch.zeros(len(numbers), longest, dtype=torch.long)
        mask = torch.zeros(len(numbers), longest, dtype=torch.long)
        for row, n in enumerate(numbers):
            ids[row, : len(texts[n])] = torch.tensor(texts[n])
            mask[row, : len(texts[n])] = 1
        return {"input_ids": ids, "attention_mask": mask}

    model = BertForSequenceClassification.from_pretrained(options.pretrained, num_labels=len(labels))
    for layer in model.bert.encoder.layer[: options.frozen]:
        layer.requires_grad_(False)
    if options.frozen:
        model.bert.embeddings.requires_grad_(False)
    named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    decays = lambda name, p: p.dim() == 2 and "embeddings" not in name
    groups = [
        {"params": [p for name, p in named if decays(name, p)], "weight_decay": 0.01},
        {"params": [p for name, p in named if not decays(name, p)], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=options.lr, fused=options.fused or None)
    steps = options.epochs * ((len(texts) + options.batch - 1) // options.batch)
    warm = round(0.1 * steps)
    rate = lambda step: (step + 1) / warm if step < warm else 1 - (step - warm) / max(steps - warm, 1)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)

    began = time.perf_counter()
    for epoch in range(options.epochs):
        model.train()
        start, total = time.perf_counter(), 0.0
        order = list(range(len(texts)))
        shuffler.shuffle(order)
        if options.sort:
            pool = 32 * options.batch
            order = [n for i in range(0, len(order), pool)
                     for n in sorted(order[i : i + pool], key=lambda n: len(texts[n]))]
        parts = [order[i : i + options.batch] for i in range(0, len(order), options.batch)]
        shuffler.shuffle(parts)
        for part in parts:
            logits = model(**batch(part)).logits
            loss = torch.nn.functional.cross_entropy(logits, torch.tensor([gold[n] for n in part]))
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_([p for _, p in named], options.clip)
            optimizer.step()
            schedule.step()
            total += loss.item() * len(part)
        seconds = time.perf_counter() - start
        print(f"epoch {epoch + 1}: {seconds:.2f} s, loss {total / len(texts):.4f}", flush=True)
    print(f"in all: {time.perf_counter() - began:.2f} s")

    if not options.test:
        return
    model.eval()
    test = read(f"{options.data}/test.tsv")
    ids = encode([text for text, _ in test])
    right = 0
    with torch.no_grad():
        for i in range(0, len(test), 64):
            numbers = list(range(i, min(i + 64, len(test))))
            found = model(**batch(numbers, ids)).logits.argmax(1)
            right += sum(labels[n] == test[k][1] for n, k in zip(found.tolist(), numbers))
    print(f"test accuracy {right / len(test):.4f}")


if __name__ == "__main__":
    main()
