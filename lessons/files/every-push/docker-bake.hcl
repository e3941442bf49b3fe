# What every push builds. REGISTRY comes from the environment.
variable "REGISTRY" {}

group "default" {
  targets = ["bakery"]
}

target "_common" {
  platforms = ["linux/amd64", "linux/arm64"]
}

target "bakery" {
  inherits = ["_common"]
  tags     = ["${REGISTRY}/bakery:latest"]
}
