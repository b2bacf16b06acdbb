"""
A stand-in for the system that manages devices: modems, optical terminals, television boxes.

It knows the devices that it was told of over its control door, refuses all others, and can be told what each says, and
to be slow, to fail, or to be away.
"""
