"""Susceptibility: where landslides may happen, learnt from an inventory and a mixed stack.

`features` turns stored bands into the channels of a network, `folds` holds out parts of a region,
`learn` trains, `peers` are what one would pick instead, `compare` runs them all on the same folds,
`scores` says how sure the result is, `classes` and `mapping` make the map, `study` does it all.
"""
