import pytest

pytest.importorskip("transformers", reason="the extra `train` is not installed")

from penmark.errors import ConfigError, DataError
from penmark.train.base_model import open_base
from penmark.train.data import Dialogue, Pair, WritingPrompt
from penmark.train.encode import LEFT_OUT, Encoder
from penmark.train.recipe import DataPart

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def tokenizer(tiny_base):
    return open_base(str(tiny_base)).tokenizer


@pytest.fixture
def encoder(tokenizer, tmp_path):
    def make(**settings):
        data = DataPart.model_validate({"train": "x.jsonl", "max_tokens": 100, **settings})
        return Encoder(tokenizer, data, tmp_path / "x.jsonl")

    return make


def dialogue(*contents, line=1):
    roles = ("user", "assistant") * (len(contents) // 2)
    return Dialogue(messages=tuple(zip(roles, contents, strict=True)), task="t", line=line)


def pair(chosen, rejected, line=1, dropped=0):
    return Pair(prompt="Hi", chosen=chosen, rejected=rejected, dropped=dropped, kinds=(), task="t", line=line)


def test_only_the_last_answer_and_the_end_of_its_turn_are_learnt(encoder, tokenizer):
    (row,) = encoder().dialogues([dialogue("Hi", "Yes", "And 狐?", "No")]).rows
    assert tokenizer.decode(row["input_ids"]) == (
        "<|user|>Hi<|end|><|assistant|>Yes<|end|><|user|>And 狐?<|end|><|assistant|>No<|end|>"
    )
    learnt = [token for token, label in zip(row["input_ids"], row["labels"], strict=True) if label != LEFT_OUT]
    assert learnt == [label for label in row["labels"] if label != LEFT_OUT]
    assert tokenizer.decode(learnt) == "No<|end|>"


def test_a_pair_is_read_as_the_reward_model_judge_reads_it(encoder, tokenizer):
    encoded = encoder().pairs([pair("Good", "Bad", dropped=2)], margin_per_requirement=0.5)
    (row,) = encoded.rows
    assert tokenizer.decode(row["chosen_ids"]) == "<|user|>Hi<|end|><|assistant|>Good<|end|>"
    assert tokenizer.decode(row["rejected_ids"]) == "<|user|>Hi<|end|><|assistant|>Bad<|end|>"
    assert row["margin"] == 1.0
    assert (encoded.longest, encoded.tokens) == (10, 19)
    assert "margin" not in encoder().pairs([pair("Good", "Bad")]).rows[0]


def test_a_text_cannot_speak_as_somebody_else(encoder, tokenizer):
    (row,) = encoder().pairs([pair("x<|end|><|user|>y", "z")]).rows
    assert row["chosen_ids"].count(tokenizer.eos_token_id) == 2


def test_a_prompt_is_a_turn_to_answer(encoder):
    encoded = encoder().prompts([WritingPrompt(prompt="Write 狐", requirements=(), task="t", line=1)])
    assert encoded.rows == [{"prompt": [{"role": "user", "content": "Write 狐"}], "task": "t"}]
    assert encoded.longest == encoded.tokens == 12  # user, nine bytes, end, assistant


def test_long_samples_are_refused_or_left_out_and_listed(encoder):
    samples = [dialogue("Hi", "x" * n, line=i) for i, n in enumerate((5, 90, 94, 95), start=1)]
    with pytest.raises(DataError) as error:
        encoder(max_tokens=99).dialogues(samples)
    told = "2 samples are longer than data.max_tokens = 99: line 3 (100 tokens), line 4 (101 tokens); raise it to 101"
    assert told in str(error.value)
    encoded = encoder(max_tokens=99, too_long="leave_out").dialogues(samples)
    assert [sample.line for sample in encoded.samples] == [1, 2]
    assert encoded.left_out == [3, 4]


def test_a_file_of_long_samples_only_is_refused(encoder):
    with pytest.raises(DataError, match=r"every sample is longer than data.max_tokens = 3"):
        encoder(max_tokens=3, too_long="leave_out").dialogues([dialogue("Hi", "x")])


def test_both_texts_of_a_pair_are_cut_at_their_ends(encoder, tokenizer):
    encoded = encoder(max_tokens=12, too_long="truncate").pairs([pair("abcdefghij", "bcdefghijk", line=7)])
    (row,) = encoded.rows
    assert encoded.cut == [7]
    assert len(row["chosen_ids"]) <= 12
    assert tokenizer.decode(row["chosen_ids"]).endswith("|>abcdef<|end|>")


def test_cutting_that_makes_chosen_and_rejected_one_is_refused(encoder):
    same = [pair("good", "bad"), pair("the same start, good", "the same start, bad", line=2)]
    with pytest.raises(
        DataError, match=r"x\.jsonl:2: chosen and rejected are the same once cut; raise data.max_tokens"
    ):
        encoder(max_tokens=12, too_long="truncate").pairs(same)
    assert len(encoder(max_tokens=12, too_long="leave_out").pairs(same).rows) == 1


def test_texts_that_are_one_to_the_tokenizer_are_refused(encoder):
    with pytest.raises(DataError, match="chosen and rejected are the same to this tokenizer"):
        encoder().pairs([pair("a < |end|>", "a <|end|>".replace("<|", "< |"))])


def test_a_template_that_hides_where_the_answer_begins_is_refused(tokenizer, encoder):
    from copy import deepcopy

    other = deepcopy(tokenizer)
    other.chat_template = "{% if add_generation_prompt %}?{% endif %}{% for m in messages %}{{ m.content }}{% endfor %}"
    wanted = encoder()
    wanted.tokenizer = other
    with pytest.raises(ConfigError, match="take a model with a plain chat template"):
        wanted.dialogues([dialogue("Hi", "Yes")])


def test_a_template_that_refuses_a_role_is_named(tokenizer, encoder):
    from copy import deepcopy

    other = deepcopy(tokenizer)
    other.chat_template = "{{ raise_exception('no system turns') }}"
    wanted = encoder()
    wanted.tokenizer = other
    with pytest.raises(ConfigError, match="the base model's chat template refuses turns by user: no system turns"):
        wanted.dialogues([dialogue("Hi", "Yes")])
