"""Each way out of the error guide is tried on an engine, or a reason says why it is not: none is forgotten, none is made up."""

from collections import Counter

import pytest
from support.ways_out import NOT_TRIED, TRIED

from lab.explainer.data import entries

WAYS = [(entry.id, way.say) for entry in entries() for way in entry.remedies]
NAMED = [one.name for one in TRIED] + [name for names in NOT_TRIED.values() for name in names]


def meant(name):
    """The ways out that a name stands for: those of the cause that begin like it."""
    cause, _, begins = name.partition(": ")
    return [way for way in WAYS if way[0] == cause and way[1].startswith(begins)]


@pytest.mark.parametrize("name", NAMED)
def test_a_name_stands_for_one_way_out(name):
    """A way whose words have changed is looked at again."""
    assert len(meant(name)) == 1


def test_every_way_out_is_tried_or_has_a_reason():
    """Exactly once."""
    counted = Counter(way for name in NAMED for way in meant(name))
    assert [way for way in WAYS if not counted[way]] == []
    assert [way for way in WAYS if counted[way] > 1] == []


def test_enough_is_tried():
    """A list of reasons is no excuse: whole rooms of the guide have scenes."""
    assert len(TRIED) >= 65
    assert all(reason.endswith(".") for reason in NOT_TRIED)
    assert all(one.works for one in TRIED)
