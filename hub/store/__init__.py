"""The control store: what was landed, what was run, what was planned and sent, who approved it.

Read it in this order: `models` (the tables), `database` (sessions, transactions, the lease), `landing`, `runs`,
`plans`, `approvals` (one table family each), `control` (`Store`, which joins them), `lock` and `journal` (what lives
beside the database). Nothing is imported here, because `hub.store.control` loads SQLModel, half a second of CPU, and
`hub.store.lock` and `hub.store.journal` load almost nothing.

    lock = ProjectLock(data); lock.acquire()            # one hub per project directory
    store = Store.open(data / "control.sqlite")         # created or migrated
    store.take_lease("pid 4121, web-1")                 # from here on this process may write, and no older one
    journal = Journal(data / "delivery" / "epoch")
    if store.restored(journal): ...                     # the store is older than what was sent: belief is unknown
"""
