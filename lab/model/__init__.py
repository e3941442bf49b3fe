"""What the lab speaks of, as plain values: platforms, facts, steps, results, and the world that a step happens in."""
