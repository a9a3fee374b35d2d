"""What requests become where the user chose nothing."""

import pytest

from penmark import session
from penmark.errors import ConfigError
from penmark.models import embedded
from penmark.protocols import Sampling
from penmark.session import CallOptions, WriteRequest
from penmark.store import Store


@pytest.mark.parametrize(("own", "longest"), [(None, embedded.TRAITS.text_tokens), (40, 40), (500, 500)])
def test_a_small_model_is_asked_for_short_texts_unless_the_user_wants_others(own, longest):
    try:
        embedded.find_weights()
    except ConfigError as error:
        pytest.skip(f"the embedded model is not installed: {error}")
    calls = CallOptions(sampling=Sampling(max_tokens=own))
    with Store(":memory:") as store:
        (made,) = session.estimates(store, [WriteRequest(bench="sample", writer="embedded", limit=3, calls=calls)])
    assert made.tokens_out == 3 * longest
