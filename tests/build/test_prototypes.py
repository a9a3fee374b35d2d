"""Choosing seeds by their nearness to prototypes, with a tiny encoder."""

import numpy as np
import pytest

from penmark.build.prototypes import Prototype, embed, nearest_categories, open_encoder, read_prototypes
from penmark.errors import ConfigError, DataError
from penmark.records import Task
from tiny_checkpoints import save_tiny_bert


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return open_encoder(save_tiny_bert(tmp_path_factory.mktemp("encoders") / "tiny"))


def seed(text, language="en"):
    return Task(bench="b", id=text, instruction=text, tags={"language": language})


def test_the_packaged_prototypes_are_ten_a_category_in_each_language():
    found = read_prototypes()
    counts = {(p.category, p.language) for p in found}
    assert len(counts) == 10
    assert all(sum((p.category, p.language) == key for p in found) == 10 for key in counts)
    assert len({p.text for p in found}) == 100


def test_a_text_has_one_vector_whatever_stands_beside_it(encoder):
    alone = embed(["fox"], encoder)[0]
    together = embed(["a much longer text about a fox", "fox", "x"], encoder)[1]
    assert np.allclose(alone, together, atol=1e-5)
    assert np.linalg.norm(alone) == pytest.approx(1)


def test_a_seed_belongs_to_the_nearest_category_of_its_language(encoder):
    prototypes = [Prototype("a", "abc abc", "en"), Prototype("z", "zyx zyx", "en"), Prototype("f", "狐", "zh")]
    found = nearest_categories([seed("abc abc"), seed("zyx zyx"), seed("狐", "zh")], prototypes, encoder)
    assert [near.category for near in found] == ["a", "z", "f"]
    assert [near.similarity for near in found] == pytest.approx([1, 1, 1], abs=1e-6)


def test_a_language_without_prototypes_is_refused(encoder):
    with pytest.raises(DataError, match=r"no prototypes in zh, which seeds are in; .* --no-filter"):
        nearest_categories([seed("狐", "zh")], [Prototype("a", "abc", "en")], encoder)


def test_prototypes_of_ones_own_are_read_strictly(tmp_path):
    file = tmp_path / "own.jsonl"
    file.write_text('{"category": "a", "query": "Write."}\n{"category": "a"}\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"own.jsonl:2: query: missing"):
        read_prototypes(file)


def test_a_folder_without_an_encoder_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="--encoder"):
        open_encoder(tmp_path)
