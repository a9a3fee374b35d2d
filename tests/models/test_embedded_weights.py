import numpy as np
import pytest

from penmark.errors import ConfigError
from penmark.models._embedded_weights import fast_weights

gguf = pytest.importorskip("gguf")


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """A GGUF file with settings of all sorts, a matrix in Q4_1 and a vector."""
    file = tmp_path_factory.mktemp("gguf") / "small.gguf"
    matrix = np.random.default_rng(0).normal(size=(8, 64)).astype(np.float32)
    four = gguf.GGMLQuantizationType.Q4_1
    writer = gguf.GGUFWriter(file, "llama")
    writer.add_context_length(2048)
    writer.add_name("small 小")
    writer.add_token_list(["a", "b", "写"])
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_tensor("blk.0.ffn_up.weight", gguf.quants.quantize(matrix, four), raw_dtype=four)
    writer.add_tensor("blk.0.attn_norm.weight", np.arange(64, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def contents(file):
    """(settings, tensors as floats, types) of a GGUF file."""
    reader = gguf.GGUFReader(file)
    settings = {f.name: f.contents() for f in reader.fields.values() if not f.name.startswith("GGUF.")}
    tensors = {t.name: gguf.quants.dequantize(t.data, t.tensor_type) for t in reader.tensors}
    return settings, tensors, {t.name: t.tensor_type.name for t in reader.tensors}


def test_settings_and_vectors_stay_and_matrices_differ_by_rounding_only(packed, tmp_path):
    before, was, _ = contents(packed)
    with fast_weights(packed, tmp_path) as made:
        after, now, types = contents(made)
    assert after == before
    assert types == {"blk.0.ffn_up.weight": "Q8_0", "blk.0.attn_norm.weight": "F32"}
    assert np.array_equal(now["blk.0.attn_norm.weight"], was["blk.0.attn_norm.weight"])
    largest = np.abs(was["blk.0.ffn_up.weight"]).reshape(-1, 32).max(axis=1).repeat(32).reshape(8, 64)
    assert np.all(np.abs(now["blk.0.ffn_up.weight"] - was["blk.0.ffn_up.weight"]) <= largest / 127 / 2 * 1.01)


def test_they_are_made_once_for_each_content(packed, tmp_path):
    with fast_weights(packed, tmp_path) as made:
        first = made.stat()
    with fast_weights(packed, tmp_path) as again:
        assert again == made
        assert (again.stat().st_ino, again.stat().st_mtime_ns) == (first.st_ino, first.st_mtime_ns)
    assert [file.name for file in tmp_path.iterdir()] == [made.name]


def test_where_the_cache_cannot_be_written_they_are_there_for_once(packed, tmp_path):
    (tmp_path / "models").write_text("a file where a folder should be")
    with fast_weights(packed, tmp_path / "models") as made:
        assert contents(made)[2]["blk.0.ffn_up.weight"] == "Q8_0"
    assert not made.exists()


def test_a_file_that_is_no_model_is_named_and_leaves_nothing(tmp_path):
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF, but not really" * 9)
    with pytest.raises(ConfigError, match=r"broken\.gguf: cannot be read as a GGUF model"):
        fast_weights(broken, tmp_path / "cache").__enter__()
    assert list((tmp_path / "cache").iterdir()) == []


def test_what_goes_wrong_inside_comes_out_as_it_is(packed, tmp_path):
    with pytest.raises(OSError, match="somebody else's"), fast_weights(packed, tmp_path):
        raise OSError("somebody else's")
