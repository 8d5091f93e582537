"""Susceptibility: where landslides may happen, learnt from an inventory and a mixed stack.

`features` turns stored bands into the channels of a network, `folds` holds out parts of a region,
`learn` trains a network, `peers` are what one would pick instead, `trainer` trains any of them on a
part of the region, `compare` runs them all on the same folds, `scores` and `curves` say how sure
the result is, `mappers`, `mapping` and `classes` make the map, `study` does it all.
"""
