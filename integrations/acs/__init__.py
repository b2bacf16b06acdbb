"""The adapter for device management servers (ACS), which read modems, routers and boxes."""
