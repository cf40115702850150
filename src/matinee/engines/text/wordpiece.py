"""WordPiece: the tokenizer of uncased BERT models (Wu et al., 2016, arXiv:1609.08144; Devlin et al., 2019)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

_LONGEST_WORD = 100
_CONTROLS = dict.fromkeys({*range(32), 127} - {9, 10, 13})
_DROPPED = {"Cc", "Cf", "Co", "Cs"}
_CHINESE = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B920, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


class WordPiece:
    """Turn text into token numbers.

    Args:
        tokens: the vocabulary; a token's place is its number. Pieces inside a word begin with "##".
    """

    def __init__(self, tokens: Sequence[str]) -> None:
        self._numbers = {token: number for number, token in enumerate(tokens)}
        self._unknown, self._first, self._last = (self._numbers[name] for name in ("[UNK]", "[CLS]", "[SEP]"))
        self._words: dict[str, tuple[int, ...]] = {}

    @classmethod
    def read(cls, path: Path) -> WordPiece:
        """Read a vocabulary with one token a line."""
        return cls(path.read_text(encoding="utf-8").rstrip("\n").split("\n"))

    def __call__(self, text: str, longest: int) -> list[int]:
        """Return the numbers of a text's tokens between the marks of beginning and end, at most `longest` in all."""
        numbers = [self._first]
        for word in words(text):
            pieces = self._words.get(word)
            if pieces is None:
                pieces = self._words[word] = self._split(word)
            numbers.extend(pieces)
            if len(numbers) >= longest:
                break
        return [*numbers[: longest - 1], self._last]

    def _split(self, word: str) -> tuple[int, ...]:
        """Take the longest known piece from the left until nothing remains; a word that cannot be split is unknown."""
        if len(word) > _LONGEST_WORD:
            return (self._unknown,)
        pieces, start = [], 0
        while start < len(word):
            for stop in range(len(word), start, -1):
                piece = self._numbers.get(("##" if start else "") + word[start:stop])
                if piece is not None:
                    break
            else:
                return (self._unknown,)
            pieces.append(piece)
            start = stop
        return tuple(pieces)


def words(text: str) -> Iterator[str]:
    """Yield lower-case words without accents; each punctuation mark and each Chinese character is a word."""
    if text.isascii():
        plain = text.translate(_CONTROLS).lower()
    else:
        apart = unicodedata.normalize("NFD", "".join(_spaced(letter) for letter in text))
        # Letter by letter: a word's last sigma is an ordinary one.
        plain = "".join(letter.lower() for letter in apart if unicodedata.category(letter) != "Mn")
    for run in plain.split():
        start = 0
        for place, letter in enumerate(run):
            if _is_mark(letter):
                if place > start:
                    yield run[start:place]
                yield letter
                start = place + 1
        if start < len(run):
            yield run[start:]


def _spaced(letter: str) -> str:
    """Return a letter as it is, a Chinese one between spaces, a control character as nothing."""
    code = ord(letter)
    if any(low <= code <= high for low, high in _CHINESE):
        return f" {letter} "
    if code == 0xFFFD or (unicodedata.category(letter) in _DROPPED and letter not in "\t\n\r"):
        return ""
    return letter


def _is_mark(letter: str) -> bool:
    if letter.isascii():
        return not letter.isalnum()
    return unicodedata.category(letter).startswith("P")
