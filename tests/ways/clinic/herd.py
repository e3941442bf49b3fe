"""K20."""

from lab.course.clinic import _rows, herd
from ways import Ways

CD = "cd files/clinic/herd"
BUILD = "docker buildx build --quiet --push"
BOTH = "--platform linux/amd64,linux/arm64"
SELECT = "sed -i 's|^      containers:|      nodeSelector:\\n        kubernetes.io/arch: amd64\\n      containers:|' deployment.yaml"

WAYS = {
    "herd": Ways(
        # a tag of its own, and an affinity that names both
        other=f"""{CD}; {BUILD} {BOTH} -t $REGISTRY/herd:2 .; sed -i 's|herd:1|herd:2|' deployment.yaml
cat >> deployment.yaml <<'END'
      affinity:
        nodeAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            nodeSelectorTerms:
              - matchExpressions:
                  - {{key: kubernetes.io/arch, operator: In, values: [amd64, arm64]}}
END""",
        wrong=[
            (f"{CD}; {SELECT}", herd.NODES_LEFT_OUT),
            (f"{CD}; sed -i 's/replicas: 3/replicas: 6/' deployment.yaml; sh cluster.sh", herd.SAME_FAULT),
            (
                f"{CD}; sed -i 's/$.TARGETARCH./amd64/' Dockerfile; {BUILD} {BOTH} -t $REGISTRY/herd:1 .",
                _rows.NOT_WHAT_IT_SAYS,
            ),
            (f"{CD}; sed -i 's|herd:1|herd:3|' deployment.yaml", herd.NO_SUCH_IMAGE),
        ],
    ),
}
