"""Which shipped snapshot writes new pieces of a style."""

from __future__ import annotations

from antiphon.generate.load import LEADING, find, leading, shipped


def test_the_grid_leads_in_pop_in_the_meters_that_it_has() -> None:
    assert leading("pop", None) == leading("pop", (4, 4)) == "pop-grid"
    assert leading("pop", (3, 4)) == "pop"
    assert leading("folk", (6, 8)) == leading("folk", None) == "folk"  # its grid is there by its own name, and does not lead
    assert find("folk-grid").style == "folk"


def test_those_who_lead_are_shipped_and_of_their_style() -> None:
    for style, name in LEADING.items():
        assert name in shipped()
        assert find(name).style == style
        assert style in shipped()
