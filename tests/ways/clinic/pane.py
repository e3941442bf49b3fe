"""K23."""

from lab.course.clinic import pane
from ways import Ways

PARTS = "$REGISTRY/pane:linux $REGISTRY/pane:ltsc2019 $REGISTRY/pane:ltsc2022"
CREATE = "docker buildx imagetools create -t $REGISTRY/pane:1"


def annotated(older, newer):
    """The list anew, with the older command."""
    note = "docker manifest annotate --os-version"
    return (
        f"docker manifest create --amend $REGISTRY/pane:1 {PARTS}; {note} {older} $REGISTRY/pane:1 "
        f"$REGISTRY/pane:ltsc2019; {note} {newer} $REGISTRY/pane:1 $REGISTRY/pane:ltsc2022; "
        "docker manifest push --purge $REGISTRY/pane:1"
    )


WAYS = {
    "pane": Ways(
        # with the revision of the build
        other=annotated("10.0.17763.6054", "10.0.20348.2582"),
        wrong=[
            (f"{CREATE} $REGISTRY/pane:ltsc2022 $REGISTRY/pane:ltsc2019 $REGISTRY/pane:linux", pane.NO_VERSION),
            (annotated("10.0.20348", "10.0.17763"), pane.OTHER_VERSION),
            (f"{CREATE} $REGISTRY/pane:linux $REGISTRY/pane:ltsc2022", pane.IMAGE_GONE),
            (f"{CREATE} $REGISTRY/pane:ltsc2022 $REGISTRY/pane:ltsc2019", pane.LINUX_GONE),
        ],
    ),
}
