"""K21."""

from lab.course.clinic import trio
from ways import Ways

CD = "cd files/clinic/trio"

WAYS = {
    "trio": Ways(
        # written anew, from what the registry says of each
        other=f"""{CD}; echo 'services:' > compose.yaml; for one in web mail cache; do
  printf '  %s:\\n    image: "%s"\\n' $one $REGISTRY/trio-$one:1 >> compose.yaml
  docker buildx imagetools inspect $REGISTRY/trio-$one:1 | grep -q "Platform: *$HERE" ||
    echo "    platform: $OTHER" >> compose.yaml
done""",
        wrong=[
            (f"{CD}; sed -i '/platform:/d' compose.yaml", trio.PIN_MISSING),
            (f"{CD}; sed -i 's/ *# since the move//' compose.yaml; sh up.sh", trio.PINNED),
            (f"{CD}; sed -i 's|^  cache:|  store:|' compose.yaml", trio.SERVICE_GONE),
            (f"{CD}; sed -i 's|trio-[a-z]*:1|library/busybox:1.38|; /platform:/d' compose.yaml", trio.OTHER_IMAGE),
        ],
        seeds=(5, 1, 2),
    ),
}
