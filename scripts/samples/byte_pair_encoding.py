"""A byte-level byte-pair encoding, trained in plain Python and written as a Hugging Face `tokenizers` file.

It splits as GPT-2 does, for ASCII text: into words with the space before them, numbers and runs of other signs.
"""

import json
import re
from collections import Counter

END_OF_TEXT, END_OF_TEXT_ID = "<|endoftext|>", 0
WORD = re.compile(r"'(?:s|t|re|ve|m|ll|d)| ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+|\s+(?!\S)|\s+")


def byte_letters():
    """GPT-2's letter for each byte 0..255: itself where it prints, else one from U+0100 upwards."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    letters = {byte: chr(byte) for byte in printable}
    for byte in range(256):
        if byte not in letters:
            letters[byte] = chr(256 + len(letters) - len(printable))
    return letters


LETTERS = byte_letters()


def to_letters(word):
    return tuple(LETTERS[byte] for byte in word.encode("utf-8"))


def merge_pair(tokens, pair):
    merged, position = [], 0
    while position < len(tokens):
        if tuple(tokens[position : position + 2]) == pair:
            merged.append(pair[0] + pair[1])
            position += 2
        else:
            merged.append(tokens[position])
            position += 1
    return tuple(merged)


def train_merges(lines, vocabulary_size):
    """The most frequent pair first, the alphabetically first of equally frequent ones."""
    word_counts = Counter(word for line in lines for word in WORD.findall(line))
    splits = {word: to_letters(word) for word in word_counts}
    merges = []
    while len(merges) < vocabulary_size - len(LETTERS) - 1:
        pair_counts = Counter()
        for word, tokens in splits.items():
            for pair in zip(tokens, tokens[1:]):
                pair_counts[pair] += word_counts[word]
        best = min(pair_counts, key=lambda pair: (-pair_counts[pair], pair))
        merges.append(best)
        splits = {word: merge_pair(tokens, best) for word, tokens in splits.items()}
    return merges


class Tokenizer:
    def __init__(self, merges):
        self.merges = merges
        tokens = [END_OF_TEXT, *(LETTERS[byte] for byte in range(256)), *(left + right for left, right in merges)]
        self.vocabulary = {token: index for index, token in enumerate(tokens)}
        self.known_words = {}

    @classmethod
    def load(cls, path):
        """From a file that `save` wrote."""
        contents = json.loads(path.read_text(encoding="utf-8"))
        return cls([tuple(merge.split(" ")) for merge in contents["model"]["merges"]])

    def encode(self, text):
        return [token_id for word in WORD.findall(text) for token_id in self._encode_word(word)]

    def _encode_word(self, word):
        if word not in self.known_words:
            tokens = to_letters(word)
            for pair in self.merges:
                tokens = merge_pair(tokens, pair)
            self.known_words[word] = [self.vocabulary[token] for token in tokens]
        return self.known_words[word]

    def save(self, path):
        byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
        contents = {
            "version": "1.0", "truncation": None, "padding": None,
            "added_tokens": [{"id": END_OF_TEXT_ID, "content": END_OF_TEXT, "single_word": False, "lstrip": False,
                              "rstrip": False, "normalized": False, "special": True}],
            "normalizer": None, "pre_tokenizer": byte_level, "post_processor": None, "decoder": byte_level,
            "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "",
                      "end_of_word_suffix": "", "fuse_unk": False, "byte_fallback": False,
                      "vocab": self.vocabulary, "merges": [f"{left} {right}" for left, right in self.merges]},
        }
        path.write_text(json.dumps(contents, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
