"""The NAND operation scheduler: a deterministic generator of operation sequences in simulated time.

The way of an operation: `scheduler` dispatches a hook, `proposer` draws a candidate from `choices`,
`planner` finds addresses (`addresses`) and times (`bus`) for it and for what its sequence wants
(`plans`), `reserving` commits it as segments to the `queue`, and `effects` carries out their starts and
ends in the `model` of the device (`state`). `log` takes every event. `recording` makes a trace of it all,
`replaying` executes one again.
"""
