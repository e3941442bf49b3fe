"""A room: namespaces of the kernel in which a learner is root, and which is nobody outside of them."""
