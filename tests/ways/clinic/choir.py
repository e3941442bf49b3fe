"""K18."""

from lab.course.clinic import choir
from ways import Ways

CD = "cd files/clinic/choir"
RIGHT = """cat > docker-bake.hcl <<'END'
variable "REGISTRY" {}
target "default" {
  matrix = {arch = ["both"]}
  name = arch
  tags = ["${REGISTRY}/choir"]
  platforms = ["linux/arm64", "linux/amd64"]
}
END"""

WAYS = {
    "choir": Ways(
        other=f"{CD}; {RIGHT}\ndocker buildx bake --push",
        wrong=[
            (f"{CD}; docker buildx bake --push --set '*.platform=linux/amd64,linux/arm64'", choir.STILL_IN_FILE),
            (f"{CD}; docker buildx bake --push --set '*.platforms=linux/amd64,linux/arm64'", choir.STILL_IN_FILE),
            (f"{CD}; echo '}}' >> docker-bake.hcl; docker buildx bake --push", choir.FILE_UNREADABLE),
        ],
        seeds=(1, 2, 3),
    ),
}
