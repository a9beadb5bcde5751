"""The delivery protocol as a pure state machine: no files, no network, no engine, no clock of its own.

`plan` says what travels between planning, sending and reporting; `belief` folds what happened to one key into what we
believe about it; `decide` says what has to be done about it; `breaker` holds mass removals; `parts` turns a tool's
answer to a batch into receipts and says what to send next.
"""
