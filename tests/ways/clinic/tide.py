"""K02."""

from lab.course.clinic import tide
from ways import Ways

CI = "cd files/clinic/tide/ci"
RUN = "sh job.sh arm64 && sh job.sh amd64 && sh merge.sh"
NAMED = """sed -i 's|-t "$REGISTRY/tide"|-t "$REGISTRY/tide:$1"|' job.sh"""
APPEND = """docker buildx imagetools create --append -t "$REGISTRY/tide" "$REGISTRY/tide:$1\""""

WAYS = {
    "tide": Ways(
        # the digests travel as what the jobs leave behind
        other=f"""{CI}; sed -i -e 's|-t "$REGISTRY/tide"|-t "$REGISTRY/tide:$1" --metadata-file "$ARTIFACTS/$1.json"|' job.sh
cat >> merge.sh <<'END'
digests=$(sed -n 's|.*"containerimage.digest": "\\(sha256:[0-9a-f]*\\)".*|'"$REGISTRY/tide@"'\\1|p' "$ARTIFACTS"/*.json)
docker buildx imagetools create -t "$REGISTRY/tide" $digests
END
export ARTIFACTS=$(mktemp -d); {RUN}; rm -r $ARTIFACTS""",
        wrong=[
            (  # the second job waits for the first one, and adds itself to what is there
                f"""{CI}; cat >> job.sh <<'END'
if [ "$1" = arm64 ]; then
  docker buildx build --platform linux/arm64 -t "$REGISTRY/tide:arm64" --push .
  docker buildx imagetools create -t "$REGISTRY/tide" "$REGISTRY/tide:amd64" "$REGISTRY/tide:arm64" || true
else
  docker buildx build --platform linux/amd64 -t "$REGISTRY/tide:amd64" --push .
fi
END
{RUN}""",
                tide.ONLY_IN_ORDER,
            ),
            (
                f"""{CI}; {NAMED}; cat >> job.sh <<'END'
docker buildx imagetools inspect "$REGISTRY/tide" >/dev/null 2>&1 && append=--append
docker buildx imagetools create $append -t "$REGISTRY/tide" "$REGISTRY/tide:$1"
END
{RUN}""",
                tide.ROW_TWICE,
            ),
            (f"{CI}; {NAMED}; {RUN}", tide.NOTHING_PUSHED),
            (f"{CI}; echo false >> merge.sh; {RUN}", tide.SCRIPT_FAILS),
        ],
    ),
}
