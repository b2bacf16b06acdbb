"""
A stand-in for the bank that is handed files of transfers: it pays them, or sends them back, and keeps a statement.

It reads the records by itself (Nacha Operating Rules, Appendix Three), so that a column which is written in the wrong
place is seen here. Account numbers that begin with 99 and two digits come back for the reason of these digits: one that
begins with 9903 for R03, no such account. All others are paid.
"""
