"""K23: rows for two versions of Windows that do not say which is which."""

from __future__ import annotations

from collections.abc import Mapping

from lab.course._scene import missing, name
from lab.course.clinic import _rows, _scenes
from lab.course.clinic._bench import Bench
from lab.course.clinic._case import Symptom, case
from lab.course.leftovers import Tag
from lab.model.digests import brief
from lab.model.facts import Index
from lab.model.platforms import Platform, listed
from lab.model.steps import Problem, Proof, Verdict, step
from lab.model.world import World
from lab.probes import needs, registry

PANE = "pane"
LISTED, LINUX = "pane:1", "pane:linux"
WINDOWS = Platform.parse("windows/amd64")
VERSIONS: Mapping[str, str] = {"ltsc2019": "10.0.17763", "ltsc2022": "10.0.20348"}
_PARTS = {LINUX: _rows.AMD, **{f"{PANE}:{one}": WINDOWS for one in VERSIONS}}

LINUX_GONE = "{ref} has lost its image for Linux."
IMAGE_GONE = "{ref} no longer lists the image that {part} stands for."
NO_VERSION = "The row for {part} in {ref} names no version of Windows: a host of any version may take it."
OTHER_VERSION = "The row for {part} in {ref} names another version of Windows than its image is for."
MENDED = "In {ref}, {digest}, each row for Windows names its version: {versions}. The image for Linux is there, too."

_DOCKERFILE = """\
FROM scratch
ARG FOR
COPY $FOR.txt /
"""
_HOSTS = """\
#!/usr/bin/env bash
# Stands for two Windows hosts, and is simulated: no Windows runs here. Like Docker on Windows they pass over rows of
# another version, and take a row without a version where none is theirs. They start only what is for their own version.
inspect() { docker buildx imagetools inspect "$REGISTRY/pane:$1" "${@:2}"; }
rows=$(inspect 1 --format \
  '{{range .Manifest.Manifests}}{{.Platform.OS}} {{.Digest}} {{.Platform.OSVersion}}{{println}}{{end}}')
for host in ltsc2019/10.0.17763 ltsc2022/10.0.20348; do
  taken=$(echo "$rows" | awk -v host="${host#*/}" '
    $1 != "windows" { next }
    $3 == "" && any == "" { any = $2 }
    index($3 ".", host ".") == 1 && own == "" { own = $2 }
    END { print (own ? own : any) }')
  if [ -z "$taken" ]; then
    echo "$host: no matching manifest for windows(${host#*/})/amd64 in the manifest list entries"
  elif [ "$taken" = "$(inspect "${host%/*}" | sed -n 's/^Digest: *//p')" ]; then
    echo "$host: started"
  else
    echo "$host: The container operating system does not match the host operating system."
  fi
done
"""
_BENCH = Bench(
    PANE,
    texts=lambda _world: {
        "Dockerfile": _DOCKERFILE,
        "hosts.sh": _HOSTS,
        **{f"{one.partition(':')[2]}.txt": f"Stands for the files of {one}.\n" for one in _PARTS},
    },
)


def scene(world: World) -> None:
    """Three images, joined as they are. Blocked where it cannot be."""
    _BENCH.lay(world)
    for tag, platform in _PARTS.items():
        options = ("--provenance=false", "--build-arg", f"FOR={tag.partition(':')[2]}")
        _scenes.build(world, tag, [platform], _BENCH.place(world), options=options)
    if missing(world, LISTED):
        name(world, LISTED, *_PARTS)


@case(
    number=23,
    hurts="One tag is for Linux and for two versions of Windows. On the newer Windows hosts it does not start.",
    minutes=12,
    entry="windows-version-mismatch",
    lessons=("inside-the-index",),
    symptom=Symptom(
        story="“All three images are in the list, I have counted them. ltsc2019 is Windows 10.0.17763, ltsc2022 is "
        "10.0.20348.” The hosts are simulated here, by hosts.sh, and so are the images: no Windows is in them.",
        script="docker buildx imagetools inspect $REGISTRY/pane:1 | grep Platform\nbash files/clinic/pane/hosts.sh",
        sign="ltsc2022/\\S+ The container operating system does not match",
    ),
    causes="In the raw list, the two rows for windows/amd64 have no `os.version`: nothing there tells one from the "
    "other, so each host takes the first.",
    points=(
        "You read the raw list: two rows have the same platform, and nothing else.",
        "Windows needs an image of its own version; the row says it in `os.version`.",
        "Joining takes the row as it comes: what an image does not say of itself has to be said in the list.",
    ),
)
@step(
    registry.index(LISTED),
    registry.index(f"{PANE}:ltsc2019"),
    registry.index(f"{PANE}:ltsc2022"),
    solution=r"""
        cd files/clinic/pane
        row() {
          kind='"mediaType":"{{.Manifest.MediaType}}","digest":"{{.Manifest.Digest}}","size":{{.Manifest.Size}}'
          docker buildx imagetools inspect $REGISTRY/pane:$1 \
            --format "{$kind,\"platform\":{\"os\":\"$2\",\"architecture\":\"amd64\"$3}}" > $1.json
        }
        row linux linux
        row ltsc2019 windows ',"os.version":"10.0.17763"'
        row ltsc2022 windows ',"os.version":"10.0.20348"'
        docker buildx imagetools create -t $REGISTRY/pane:1 -f linux.json -f ltsc2019.json -f ltsc2022.json
    """,
    hints=[
        "Read the raw document of the list. By what does a Windows host tell the two rows apart?",
        "A row's `platform` may have one key more, for the version of Windows.",
        "The list can be made anew with rows that you write: `imagetools create` reads them from files.",
        "The older `docker manifest annotate` has an option for the version, too.",
    ],
    needs=[needs.engine, needs.several_at_once, needs.reach],
    prepare=scene,
    makes=[Tag(LISTED), *map(Tag, _PARTS), _BENCH],
)
def pane(index: Index, older: Index, newer: Index) -> Verdict:
    """Mend the list $REGISTRY/pane:1, so that a host of each version of Windows takes the image that is for it."""
    ref = index.reference
    if _rows.AMD not in index.platforms:
        return Problem(LINUX_GONE, found=listed(index.platforms) or "nothing", wanted=_rows.AMD, ref=ref)
    for part, version in zip((older, newer), VERSIONS.values(), strict=True):
        row = next((one for one in index.images if one.digest == part.digest), None)
        known = {"ref": ref, "part": part.reference}
        if row is None or row.platform != WINDOWS:
            found = (
                ", ".join(brief(one.digest) for one in index.images if one.platform == WINDOWS) or "none for Windows"
            )
            return Problem(IMAGE_GONE, found=found, wanted=brief(part.digest), **known)
        if not row.os_version:
            return Problem(NO_VERSION, found="no os.version", wanted=version, **known)
        if not f"{row.os_version}.".startswith(f"{version}."):
            return Problem(OTHER_VERSION, found=row.os_version, wanted=version, **known)
    versions = ", ".join(f"{one.os_version} ({brief(one.digest)})" for one in index.images if one.os_version)
    return Proof(MENDED, ref=ref, digest=brief(index.digest), versions=versions)
