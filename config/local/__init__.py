"""
The local machine: real servers and everything else that `make run` and the tests start by themselves.

Nothing here runs in production. The settings ask `addresses` where the servers of the data folder listen; asking
starts nothing. `servers` starts them, `supervisor` runs the whole system, `mail_catcher` shows the mail.
"""
