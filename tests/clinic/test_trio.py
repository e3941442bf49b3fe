"""K21: pins where they are needed."""

import dataclasses

import pytest

from lab.course.clinic import trio as cases
from lab.course.clinic.trio import Service, Stack
from lab.errors import BadInput
from lab.model.platforms import Platform

BOTH = ("linux/amd64", "linux/arm64")
ARM = Platform.parse("linux/arm64")


def stack(fact, **pins):
    """Three services, of which `web` has one row; each with its pin, or (pin, rows), or (pin, rows, image)."""
    services = []
    for name in cases.SERVICES:
        given = pins.get(name, "linux/arm64" if name == "web" else "")
        if given is None:
            continue
        pin, rows, image = (*((given,) if isinstance(given, str) else given), None, None)[:3]
        rows = rows or (BOTH[1:] if name == "web" else BOTH)
        image = image or f"localhost:5000/trio-{name}:1"
        services.append(
            Service(name=name, image=image, pin=pin, index=fact.index(*rows) if rows != ("none",) else None)
        )
    return Stack(services=tuple(services), single="web", row=ARM, registry="localhost:5000")


@pytest.mark.parametrize(
    ("pins", "message"),
    [
        ({}, None),
        ({"web": "linux/arm64/v8"}, None),
        ({"mail": "linux/arm64"}, cases.PINNED),
        ({"mail": "linux/amd64"}, cases.PINNED),
        ({"mail": "anything"}, cases.PINNED),
        ({"web": ""}, cases.PIN_MISSING),
        ({"web": "linux/amd64"}, cases.PIN_ABSENT),
        ({"web": "what"}, cases.PIN_ABSENT),
        ({"web": None}, cases.SERVICE_GONE),
        ({"mail": ("", BOTH, "busybox")}, cases.OTHER_IMAGE),
        ({"mail": ("", ("none",))}, cases.OTHER_IMAGE),
        ({"web": ("", BOTH)}, cases.ROW_ADDED),
        ({"mail": ("", BOTH[:1])}, cases.ROW_ADDED),
    ],
)
def test_a_pin_is_where_there_is_one_row(fact, says, pins, message):
    """And nowhere else; the images stay as they are."""
    assert says(cases.trio.step, stack(fact, **pins)) == message


def test_the_pass_names_the_pin(fact):
    """The service, and its platform."""
    assert cases.trio.step.check(stack(fact)).template == cases.MENDED


def test_which_service_has_one_row_differs(world):
    """From learner to learner."""
    assert {cases.single(dataclasses.replace(world, seed=number)) for number in range(30)} == set(cases.SERVICES)


@pytest.mark.parametrize("text", ["services: [a]", "services:", "a: b", "services: 3", ""])
def test_a_file_of_another_form_is_one_clear_line(world, text):
    """No services, no traceback."""
    place = world.workspace / "files" / "clinic" / "trio"
    place.mkdir(parents=True)
    (place / "compose.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(BadInput):
        cases.stack(world)
