"""The sandbox: engine, registry, emulators, base images and builder, made by `lab up`, removed by `lab down`."""
