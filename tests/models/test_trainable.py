from pathlib import Path

import pytest

from penmark.errors import ConfigError
from penmark.models._trainable import trainable_folder

UNITS, LAYERS = 32, 1


def write_gguf(path: Path) -> Path:
    """A Llama of one layer that reads byte by byte, its matrices quantised."""
    gguf, np = pytest.importorskip("gguf"), pytest.importorskip("numpy")
    from tokenizers.pre_tokenizers import ByteLevel

    words = [*sorted(ByteLevel.alphabet()), "<|end|>", "ab"]
    writer = gguf.GGUFWriter(path, "llama")
    for add, value in (
        (writer.add_context_length, 64), (writer.add_embedding_length, UNITS), (writer.add_block_count, LAYERS),
        (writer.add_feed_forward_length, 64), (writer.add_head_count, 2), (writer.add_head_count_kv, 2),
        (writer.add_layer_norm_rms_eps, 1e-5), (writer.add_rope_freq_base, 1e4),
        (writer.add_vocab_size, len(words)), (writer.add_rope_dimension_count, UNITS // 2),
        (writer.add_tokenizer_model, "gpt2"),
        (writer.add_token_list, words), (writer.add_token_merges, ["a b"]), (writer.add_eos_token_id, 256),
        (writer.add_bos_token_id, 256), (writer.add_token_types, [1] * 256 + [3, 1]),
        (writer.add_chat_template, "{{ messages[0].content }}<|end|>"),
    ):  # fmt: skip
        add(value)
    rng = np.random.default_rng(0)
    shapes = {"token_embd": (len(words), UNITS), "output": (len(words), UNITS), "blk.0.ffn_down": (UNITS, 64)}
    shapes |= {f"blk.0.attn_{name}": (UNITS, UNITS) for name in ("q", "k", "v", "output")}
    shapes |= {f"blk.0.ffn_{name}": (64, UNITS) for name in ("gate", "up")}
    for name, shape in shapes.items():
        plain = rng.normal(size=shape).astype(np.float32)
        packed = gguf.quants.quantize(plain, gguf.GGMLQuantizationType.Q8_0)
        writer.add_tensor(f"{name}.weight", packed, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        writer.add_tensor(f"{name}.weight", np.ones(UNITS, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return write_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf")


@pytest.fixture(scope="module")
def folder(weights, tmp_path_factory):
    return trainable_folder(weights, tmp_path_factory.mktemp("cache") / "models")


def test_a_gguf_file_becomes_a_model_that_loads_plainly_and_can_be_trained(folder):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    network = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    assert not hasattr(network.config, "quantization_config")
    assert not getattr(network, "is_quantized", False)
    ids = AutoTokenizer.from_pretrained(folder)("ab fox", return_tensors="pt")["input_ids"]
    loss = network(ids, labels=ids).loss
    loss.backward()
    assert all(p.grad is not None and p.dtype == torch.float32 for p in network.parameters())


def test_its_tokenizer_and_chat_template_come_along(folder):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert tokenizer.tokenize("abx") == ["ab", "x"]
    assert tokenizer.apply_chat_template([{"role": "user", "content": "Hi"}], tokenize=False) == "Hi<|end|>"


def test_it_is_made_once_and_nothing_else_is_left_behind(weights, folder):
    before = (folder / "model.safetensors").stat()
    assert trainable_folder(weights, folder.parent) == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == before.st_mtime_ns
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_another_file_of_the_same_name_becomes_another_folder(weights, folder, tmp_path):
    other = tmp_path / weights.name
    other.write_bytes(weights.read_bytes() + b"\0")
    assert trainable_folder(other, folder.parent) != folder


def test_a_broken_file_is_a_clear_error_and_leaves_nothing(weights, tmp_path):
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(weights.read_bytes()[:5000])
    with pytest.raises(ConfigError, match=r"broken\.gguf: cannot be turned into a trainable folder"):
        trainable_folder(broken, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_cache_that_cannot_be_written_is_a_clear_error(weights, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"cannot be written.*XDG_CACHE_HOME"):
        trainable_folder(weights, tmp_path / "file" / "models")
