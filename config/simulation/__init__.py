"""
The demonstration operator's business over simulated months, played through the real services and over HTTP.

`make simulate` starts the servers that it needs, moves the clock that all processes share from day to day, and leaves
a system worth clicking through. See docs/simulation.md.
"""
