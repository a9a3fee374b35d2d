"""The embedded model's weights in the form in which this machine reads prompts fastest.

The package brings them in Q4_1, for which llama.cpp has no fast matrix product on CPUs. In Q8_0, made from them once
and then found, prompts are read 1.4 times as fast; what the model writes hardly changes, because eight bits hold what
four bits said (mean KL divergence 0.002 a token over the sample's references; bench/embedded_weights.py).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from penmark.errors import ConfigError
from penmark.models._checkpoint import content_digest

if TYPE_CHECKING:
    from gguf import GGUFReader, GGUFWriter, ReaderTensor

KEPT_BY_THE_WRITER = ("general.architecture", "GGUF.version", "GGUF.tensor_count", "GGUF.kv_count")


@contextmanager
def fast_weights(weights: Path, cache: Path) -> Iterator[Path]:
    """A GGUF file with the same model in Q8_0, there for as long as the context lasts.

    It is made once for each content of the file, some four seconds and 145 MB for 135M parameters, and is complete or
    not there at all, whoever else makes it at the same time. Where `cache` cannot be written, it is made for this
    once.

    Args:
        weights: a GGUF file of any plain type.
        cache: where such files are kept; made when it is not there.

    Raises:
        ConfigError: when the file cannot be read as GGUF, or there is no room.
    """
    kept = cache / f"{weights.stem}-{content_digest(weights)[:16]}-q8_0.gguf"
    if kept.is_file():
        yield kept
        return
    with ExitStack() as until_done:
        try:
            made = _make(weights, kept, until_done)
        except OSError as error:
            raise ConfigError(
                f"{kept}: cannot be written ({error}); make room, or set XDG_CACHE_HOME to another folder"
            ) from error
        yield made


def _make(weights: Path, kept: Path, until_done: ExitStack) -> Path:
    """The file where it is to be kept or, if nothing can be kept there, in a folder that goes in the end."""
    can_keep = _is_writable(kept.parent)
    place = kept.parent if can_keep else None
    folder = tempfile.TemporaryDirectory(prefix=".penmark-", dir=place, ignore_cleanup_errors=True)
    made = Path(until_done.enter_context(folder)) / kept.name
    _convert(weights, made)
    return made.replace(kept) if can_keep else made


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def _convert(weights: Path, made: Path) -> None:
    from gguf import GGUFReader, GGUFWriter

    try:
        reader = GGUFReader(weights)
        writer = GGUFWriter(made, str(reader.fields["general.architecture"].contents()))
        _copy_settings(reader, writer)
        for tensor in reader.tensors:
            _copy_tensor(tensor, writer)
    except (ValueError, LookupError, NotImplementedError) as error:
        raise ConfigError(f"{weights}: cannot be read as a GGUF model ({error}); install its package again") from error
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _copy_settings(reader: GGUFReader, writer: GGUFWriter) -> None:
    from gguf import GGUFValueType

    for field in reader.fields.values():
        if field.name not in KEPT_BY_THE_WRITER:
            inner = field.types[-1] if field.types[0] == GGUFValueType.ARRAY else None
            writer.add_key_value(field.name, field.contents(), field.types[0], sub_type=inner)


def _copy_tensor(tensor: ReaderTensor, writer: GGUFWriter) -> None:
    """Matrices in Q8_0; vectors, such as norms, as they are."""
    from gguf import GGMLQuantizationType
    from gguf.quants import dequantize, quantize

    eight = GGMLQuantizationType.Q8_0
    if len(tensor.shape) == 1 or tensor.tensor_type == eight:
        writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
    else:
        writer.add_tensor(tensor.name, quantize(dequantize(tensor.data, tensor.tensor_type), eight), raw_dtype=eight)
