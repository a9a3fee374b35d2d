"""A packaged GGUF model as a folder that can be trained: turned once, then found where it was put.

Only machinery, of `embedded` as a base model. Needs the extra `train`, with gguf.
"""

from __future__ import annotations

import shutil
import struct
import tempfile
from importlib.util import find_spec
from pathlib import Path

from penmark.errors import ConfigError
from penmark.models._checkpoint import CONFIG, TOKENIZERS, content_digest, quiet

LIBRARIES = ("torch", "transformers", "gguf")
UNREADABLE = (OSError, ValueError, LookupError, TypeError, ImportError, RuntimeError, struct.error)


def trainable_folder(weights: Path, cache: Path) -> Path:
    """A Hugging Face folder with the model of a GGUF file: its weights in float32, its tokenizer and chat template.

    It is made once for each content of the file, about half a minute for 135M parameters, and is complete or not there
    at all, whoever else makes it at the same time and whenever the process is killed.

    Args:
        weights: the GGUF file.
        cache: where such folders are kept; made when it is not there.

    Raises:
        ConfigError: when the libraries for it are not installed, the file is no GGUF model, or there is no room.
    """
    missing = [name for name in LIBRARIES if find_spec(name) is None]
    if missing:
        raise ConfigError(f"training {weights.name} needs {', '.join(missing)}; run `pip install 'penmark[train]'`")
    folder = cache / f"{weights.stem}-{content_digest(weights)[:16]}"
    if folder.is_dir():
        return folder
    try:
        cache.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=cache))
    except OSError as error:
        raise ConfigError(f"{cache}: cannot be written ({error}); set XDG_CACHE_HOME to a folder that can") from error
    try:
        _convert(weights, part)
        _put(part, folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def _convert(weights: Path, folder: Path) -> None:
    import transformers

    own = {"gguf_file": weights.name, "local_files_only": True}
    try:
        with quiet():
            tokenizer = transformers.AutoTokenizer.from_pretrained(weights.parent, **own)
            network = transformers.AutoModelForCausalLM.from_pretrained(weights.parent, dtype="float32", **own)
            # The weights are plain by now, but the model still claims to be quantised and would not be trained.
            for owner, name in (
                (network.config, "quantization_config"),
                (network, "hf_quantizer"),
                (network, "quantization_method"),
            ):
                if hasattr(owner, name):
                    delattr(owner, name)
            network.is_quantized = False
            tokenizer.save_pretrained(folder)
            network.save_pretrained(folder)
    except UNREADABLE as error:
        raise ConfigError(
            f"{weights}: cannot be turned into a trainable folder ({error}); check that it is a whole GGUF file of a "
            f"model that transformers knows, and that there is room in {folder.parent}"
        ) from error


def _put(part: Path, folder: Path) -> None:
    """Give the finished folder its name, unless somebody else has just made the same one."""
    if not (part / CONFIG).is_file() or not any(file for name in TOKENIZERS for file in part.glob(name)):
        raise ConfigError(f"{folder.name}: the model or its tokenizer came out incomplete; look at its GGUF file")
    try:
        part.chmod(0o755)
        part.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise
