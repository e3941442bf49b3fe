"""Images as registries and archives hold them: asked for, read, verified and made, with no engine."""
