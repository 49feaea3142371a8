"""Answers texts with a model that `uaic export --format onnx` has written.

    pip install onnxruntime numpy tokenizers
    python examples/onnx_predict.py model.onnx 'flights to oslo' 'fare to rome'

Prints label, confidence and text, a line each. It shows all that a program in another language
has to do: texts become ids here, everything else is in the file.
"""

import json
import sys
import unicodedata

import numpy
import onnxruntime


def fnv1a(data):
    """The 32-bit hash that says which bucket an n-gram is in."""
    value = 0x811C9DC5
    for byte in data:
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


def split(text, options):
    """The words of a text. Only the default ways with digits and punctuation are written out here."""
    assert (options["numbers"], options["punctuation"]) == ("keep", "keep"), options
    text = unicodedata.normalize("NFC", text)
    text = text.lower() if options["lowercase"] else text
    return text.split()[: options["max_length"]]


def ngrams(word, options):
    if not options["ngrams"]:
        return []
    marked = f"<{word}>"
    lengths = range(options["ngram_min"], options["ngram_max"] + 1)
    parts = [marked[at : at + length] for length in lengths for at in range(len(marked) - length + 1)]
    return [fnv1a(part.encode()) % options["ngrams"] for part in parts]


def rectangle(rows, padding):
    """Rows of unlike lengths, filled up."""
    width = max(map(len, rows))
    return numpy.array([row + [padding] * (width - len(row)) for row in rows], numpy.int64)


def inputs_of_words(texts, tokenizer):
    """Ids of words (1: unknown), how many there are, and the ids of each word's n-grams."""
    options, vocabulary = tokenizer["options"], tokenizer["vocabulary"]
    ids = {word: number for number, word in enumerate(vocabulary)}
    split_texts = [split(text, options) for text in texts]
    words = [[ids.get(word, 1) for word in text] or [1] for text in split_texts]
    inputs = {
        "words": rectangle(words, 0),
        "lengths": numpy.array([len(text) for text in words], numpy.int64),
    }
    if options["ngrams"]:
        steps = max(map(len, words))
        rows = []
        for text in split_texts:
            own = [ngrams(word, options) for word in text]
            rows.extend(own + [[]] * (steps - len(own)))
        inputs["ngrams"] = rectangle(rows, -1).reshape(len(texts), steps, -1)
    return inputs


def inputs_of_pieces(texts, tokenizer):
    """Ids of wordpieces, and which of them are padding."""
    from tokenizers import Tokenizer

    encodings = [encoding.ids for encoding in Tokenizer.from_str(tokenizer).encode_batch(texts)]
    mask = [[1] * len(ids) for ids in encodings]
    return {"input_ids": rectangle(encodings, 0), "attention_mask": rectangle(mask, 0)}


def main(path, *texts):
    session = onnxruntime.InferenceSession(path)
    metadata = session.get_modelmeta().custom_metadata_map
    labels, tokenizer = json.loads(metadata["labels"]), metadata["tokenizer"]
    wanted = {value.name for value in session.get_inputs()}
    if "input_ids" in wanted:
        inputs = inputs_of_pieces(list(texts), tokenizer)
    elif "model" in json.loads(tokenizer):
        pieces = inputs_of_pieces(list(texts), tokenizer)
        inputs = {"words": pieces["input_ids"], "lengths": pieces["attention_mask"].sum(1)}
    else:
        inputs = inputs_of_words(texts, json.loads(tokenizer))
    (probabilities,) = session.run(["probabilities"], inputs)
    for text, row in zip(texts, probabilities):
        print(f"{labels[row.argmax()]}\t{row.max():.6f}\t{text}")


if __name__ == "__main__":
    main(*sys.argv[1:])
