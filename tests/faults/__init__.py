"""
What happens when parts die: real processes are killed, stopped and cut off, and what is left is counted.

| Test | What is done | What must hold |
| --- | --- | --- |
| `test_double_submit` | fifty windows submit one form at once, over HTTP | one order, one fact, fifty equal pages |
| `test_redis_away` | Redis killed four times, emptied once; frozen | no error page, nobody waits, all delivered in the end |
| `test_workers_killed` | kill -9 of children and trees while they post | each order has one work order |
| `test_database_away` | Postgres crashed five times, clients ask again | what was acknowledged is there, once; a page says why |
| `test_unclear_answers` | stalled, cut, reset, late; a clock that is wrong | one work order within five minutes |
| `test_billing_away` | the vendor away for an hour, the clock moved | the order waits, then goes out once |
| `test_webhooks` | each event five times, shuffled, on two processes | applied once |

Each has its control: the guard taken out, and the harm seen. `make faults` runs them in full; `counts` says how much
they do otherwise.
"""
