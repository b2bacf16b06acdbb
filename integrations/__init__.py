"""One package per vendor, each implementing the ports of the apps below. Policy stays in the apps."""
