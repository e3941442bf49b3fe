# REGISTRY and VERSION come from the environment, as CI gives them.
variable "REGISTRY" {}
variable "VERSION" {}

target "default" {
  platforms = ["linux/amd64", "linux/arm64", "linux/arm/v7"]
  tags      = ["${REGISTRY}/orchard:${VERSION}"]
}
