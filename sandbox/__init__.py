"""
What is no part of the application and imports nothing of it.

`billing` and `network` are stand-ins for vendors: processes of their own, spoken to over HTTP; `bank` is one
for a bank, which is handed files. `recount` counts every reward once more, from the stand-ins' files and an export.
"""
