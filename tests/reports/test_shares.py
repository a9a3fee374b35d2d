"""Figures that are shares are shown with the decimals they need."""

import pytest

from penmark.reports.figures import decimals_of
from penmark.reports.render_table import number


@pytest.mark.parametrize(
    ("value", "scale", "shown"),
    [
        (0.25, None, "0.250"), (1.0, None, "1.000"),
        (-0.0123, None, "-0.012"), (7.256, 10, "7.26"), (72.56, 100, "72.6"),
        (0.4, 10, "0.40"), (0.4, 100, "0.4"), (812.34, None, "812.3"), (None, None, "–"),
    ],
)  # fmt: skip
def test_a_share_has_three_decimals_and_a_count_one(value, scale, shown):
    assert number(value, scale) == shown
    assert value is None or decimals_of(value, scale) in {1, 2, 3}
