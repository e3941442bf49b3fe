"""K12."""

from lab.course.clinic import _rows, broom
from ways import Ways

CD = "cd files/clinic/broom"
PUSH = "docker buildx build --quiet --platform linux/amd64,linux/arm64 -t $REGISTRY/broom:1 --push ."

WAYS = {
    "broom": Ways(
        # what is in use is asked of the raw document, and the list's own digest is computed
        other=f"""{CD}; {PUSH}; cat > clean.sh <<'END'
NAME=${{NAME:-broom}}
cd "$(dirname "$0")"
api=https://$REGISTRY/v2; curl -sk -o /dev/null "$api/" || api=http://$REGISTRY/v2
raw=$(mktemp); docker buildx imagetools inspect --raw "$REGISTRY/$NAME:1" > $raw
for digest in $(grep -v "sha256:$(sha256sum $raw | cut -d' ' -f1)" pushed.txt); do
  grep -q "$digest" $raw || curl -sk -o /dev/null -X DELETE "$api/$NAME/manifests/$digest"
done
rm $raw
END""",
        wrong=[
            (f"{CD}; {PUSH}", broom.ROWS_DELETED),
            (f"{CD}; printf '#!/bin/sh\\nexit 0\\n' > clean.sh; {PUSH}", broom.STILL_THERE),
            (f"{CD}; sed -i 's/^used=.*/used=/' clean.sh; {PUSH}", broom.TAG_GONE),
            (f"{CD}; echo false >> clean.sh; {PUSH}", broom.SCRIPT_FAILS),
            (f"""{CD}; sed -i "s/sed -n 's.^Digest: .*'/grep -o 'sha256:[0-9a-f]*'/" clean.sh""", broom.ROW_GONE),
            (
                f"""{CD}; sed -i "s/sed -n 's.^Digest: .*'/grep -o 'sha256:[0-9a-f]*'/" clean.sh
docker buildx build --quiet -t $REGISTRY/broom:1 --push .""",
                _rows.LOST_ONE,
            ),
        ],
    ),
}
