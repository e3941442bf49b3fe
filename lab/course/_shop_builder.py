"""The builder of lesson 6 that cannot push: made with a setting that stops it, another one for each learner."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lab.course._seeded import chosen
from lab.course.leftovers import BuilderNamed
from lab.errors import Blocked, LabError
from lab.model.world import World
from lab.probes import engine
from lab.sandbox.engine import adapt_new_builders, has_foreign_builder

SHOP_BUILDER = "shop-builder"
# A file of settings that says nothing of the registry: its certificate is then one that nobody vouches for.
_SETTINGS = "debug = false\n"


@dataclass(frozen=True)
class ShopBuilder(BuilderNamed):
    """The builder, and the note that it was made once: whoever removes it does not find it broken again."""

    name: str = SHOP_BUILDER

    def make(self, world: World) -> None:
        """Write the broken one down, where that was not done before. Blocked where it cannot be."""
        if has_foreign_builder(self.name):
            raise Blocked(
                f"Your engine has a builder of yours called {self.name!r}.",
                f"Rename yours, or leave this step out. (`docker ps --all` shows it as buildx_buildkit_{self.name}0.)",
            )
        if _note(world).exists():
            return
        BuilderNamed(self.name).remove(world)
        status, _, err, _ = engine.docker(world, "buildx", "create", "--name", self.name, *options(world), limit=60)
        if status:
            raise Blocked(f"The builder {self.name} could not be made: {err.strip()}")
        adapt_new_builders()
        _note(world).write_text(f"The lab made {self.name} for the step mend_builder.\n", encoding="utf-8")

    def remove(self, world: World) -> str:
        """Take both away."""
        _note(world).unlink(missing_ok=True)
        return super().remove(world)


def options(world: World) -> tuple[str, ...]:
    """The setting that stops this learner's builder."""
    fault = chosen(world, SHOP_BUILDER, faults(world))
    if fault == "settings":
        place = _folder(world) / "shop.toml"
        place.write_text(_SETTINGS, encoding="utf-8")
        return ("--buildkitd-config", str(place))
    setting = {"network": "network=none", "image": f"image={world.registry}/moby/buildkit:withdrawn"}[fault]
    return ("--driver-opt", setting)


def faults(world: World) -> tuple[str, ...]:
    """What stops a builder here: BuildKit asks a registry on localhost for no certificate, so that is none there."""
    return ("network", "image") if world.registry.startswith("localhost") else ("network", "image", "settings")


def _note(world: World) -> Path:
    return _folder(world) / f"made-{SHOP_BUILDER}"


def _folder(world: World) -> Path:
    """Buildx's own folder: what is noted there is gone when the builders are."""
    folder = world.env.get("BUILDX_CONFIG", "")
    if not folder:
        raise LabError("This sandbox has no folder for builders.", "`lab up` makes one.")
    return Path(folder)
