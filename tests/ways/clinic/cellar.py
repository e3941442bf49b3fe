"""K08."""

from lab.course.clinic import cellar
from ways import Ways

BUILD = "docker buildx build --quiet --platform linux/amd64,linux/arm64"
FILES = "files/clinic/cellar"
CREATE = "docker buildx create --driver-opt network=host --name"

WAYS = {
    "cellar": Ways(
        # settings of one's own that know the registry
        other=f"""docker buildx rm --force cellar-builder
printf '[registry."%s"]\\n  ca = ["%s"]\\n' "$REGISTRY" "$SSL_CERT_FILE" >> {FILES}/builder.toml
{CREATE} cellar-builder --buildkitd-config {FILES}/builder.toml
{BUILD} --builder cellar-builder -t $REGISTRY/cellar --push {FILES}""",
        wrong=[
            (f"{BUILD} --builder default -t $REGISTRY/cellar --push {FILES}", cellar.OTHER_BUILDER),
            (
                f"{BUILD} --builder cellar-builder "
                f"--output type=image,name=$REGISTRY/cellar,push=true,registry.insecure=true {FILES}",
                cellar.NOTHING_PUSHED,
            ),
        ],
    ),
}
