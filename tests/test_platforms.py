"""Platforms have one name each, the one that containerd and buildx would print."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.errors import BadInput
from lab.model.platforms import Platform, architectures_in, listed
from lab.model.platforms import given as written

# What `docker buildx` prints for what it is given, as tried on buildx 0.29.
PRINTED = {
    "aarch64": "linux/arm64",
    "linux/arm64/v8": "linux/arm64",
    "LINUX/ARM64": "linux/arm64",
    "x86_64": "linux/amd64",
    "linux/x86-64": "linux/amd64",
    "linux/amd64/v1": "linux/amd64",
    "linux/amd64/v2": "linux/amd64/v2",
    "linux/arm": "linux/arm/v7",
    "linux/arm/7": "linux/arm/v7",
    "linux/arm/5": "linux/arm/v5",
    "linux/arm/6": "linux/arm/v6",
    "linux/arm/v6": "linux/arm/v6",
    "linux/arm/8": "linux/arm/v8",
    "linux/arm/9": "linux/arm/9",
    "linux/arm64/8": "linux/arm64",
    "linux/arm64/v8.0": "linux/arm64",
    "linux/arm64/9": "linux/arm64/v9",
    "linux/arm64/v9.0": "linux/arm64/v9",
    "linux/riscv64/v8": "linux/riscv64/v8",
    "armhf": "linux/arm/v7",
    "linux/armel": "linux/arm/v6",
    "linux/armhf/v6": "linux/arm/v7",
    "linux/armel/v7": "linux/arm/v6",
    "linux/i386/v2": "linux/386",
    "i386": "linux/386",
    "linux/i386": "linux/386",
    "macos/arm64": "darwin/arm64",
    "windows/amd64": "windows/amd64",
}


@pytest.mark.parametrize(("text", "printed"), list(PRINTED.items()))
def test_names_are_normalised_as_containerd_does(text, printed):
    """Whatever name somebody uses, the platform is the one that buildx prints."""
    assert str(Platform.parse(text)) == printed


@pytest.mark.parametrize("text", ["", "/", "linux/", "linux//arm", "a/b/c/d", "linux/arm 64", "foo", "linux/*", "é/x"])
def test_what_is_no_platform_is_refused(text):
    """A slip is named, not guessed at."""
    with pytest.raises(BadInput) as refused:
        Platform.parse(text)
    assert repr(text) in refused.value.message
    assert "linux/arm64" in refused.value.remedy


def test_a_made_up_architecture_is_accepted_but_known_as_such():
    """`docker build --platform linux/x86` goes through, so we read it too, and can tell."""
    assert not Platform.parse("linux/x86").is_known
    assert Platform.parse("linux/s390x").is_known


component = st.text(st.sampled_from("abcXYZ0189_.-"), min_size=1, max_size=8)
known = st.sampled_from(["amd64", "arm64", "arm", "386", "riscv64", "x86_64", "aarch64", "armhf", "armel", "i386"])
variant = st.sampled_from(["", "v1", "v2", "v5", "v6", "v7", "v8", "5", "7", "8"])


@given(st.one_of(component, known), variant)
def test_reading_what_was_printed_changes_nothing(architecture, kind):
    """A printed platform reads back as itself: normalising twice is normalising once."""
    platform = Platform.of("linux", architecture, kind)
    assert Platform.parse(str(platform)) == platform


@given(known, variant)
def test_case_does_not_matter(architecture, kind):
    """`LINUX/ARM64/V8` is linux/arm64."""
    assert Platform.of("Linux", architecture.upper(), kind.upper()) == Platform.of("linux", architecture, kind)


def test_written_answers_take_any_name_but_no_invention():
    """A learner may say aarch64; `linux/x86` is not an answer."""
    assert written(" aarch64 ") == Platform("linux", "arm64")
    assert written("linux/x86") is None
    assert written("the first one") is None


def test_architectures_are_found_in_what_tools_print():
    """`uname -a`, `file` and `docker version` name the machine among other words."""
    assert "amd64" in architectures_in("Linux host 6.1 #1 SMP x86_64 GNU/Linux")
    assert "arm64" in architectures_in("ELF 64-bit LSB executable, ARM aarch64, version 1")
    assert "amd64" in architectures_in("linux/amd64\n")
    assert architectures_in("OSType: LINUX\nArchitecture: X86_64, s390x") == {"amd64", "s390x"}
    assert not architectures_in("Linux\n")


def test_lists_are_sorted_for_people():
    """The same platforms always read the same."""
    assert listed({Platform("linux", "arm64"), Platform("linux", "amd64")}) == "linux/amd64, linux/arm64"
    assert listed([]) == "none"
