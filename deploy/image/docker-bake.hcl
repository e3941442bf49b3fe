# The lab's own image. From the folder of the repository:
#
#   docker buildx bake -f deploy/image/docker-bake.hcl here
#
# Each variable can be set in the environment.

variable "IMAGE" {
  description = "The image's name without a tag, such as ghcr.io/OWNER/multiplatform-lab."
  default     = "multiplatform-lab"
}

variable "VERSION" {
  default = "latest"
}

variable "REVISION" {
  description = "The commit that is built."
  default     = ""
}

variable "SOURCE" {
  description = "The address of the repository."
  default     = ""
}

# The bases. A pipeline gives each with its digest, so that all platforms are built from the same.
variable "PYTHON_BASE" {
  default = "python:3.13-trixie"
}

variable "DOCKER_BASE" {
  default = "docker:28-cli"
}

variable "REGISTRY_BASE" {
  default = "registry:3"
}

variable "LOCK" {
  description = "The packages; requirements-hub.lock has JupyterHub too."
  default     = "requirements-hub.lock"
}

variable "WHEELS" {
  description = "A folder of wheels to take the packages from, instead of the package index."
  default     = ""
}

group "default" {
  targets = ["lab"]
}

target "_image" {
  context    = "."
  dockerfile = "deploy/image/Dockerfile"
  contexts   = WHEELS == "" ? {} : { wheels = WHEELS }
  tags       = ["${IMAGE}:${VERSION}"]
  args = {
    PYTHON_BASE   = PYTHON_BASE
    DOCKER_BASE   = DOCKER_BASE
    REGISTRY_BASE = REGISTRY_BASE
    LOCK          = LOCK
  }
  labels = {
    "org.opencontainers.image.version"  = VERSION
    "org.opencontainers.image.revision" = REVISION
    "org.opencontainers.image.source"   = SOURCE
  }
}

# What is published.
target "lab" {
  inherits  = ["_image"]
  platforms = ["linux/amd64", "linux/arm64"]
  attest    = ["type=provenance,mode=max", "type=sbom"]
}

# For this machine alone, into its engine.
target "here" {
  inherits  = ["_image"]
  platforms = ["local"]
  output    = ["type=docker"]
}
