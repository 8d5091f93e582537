"""Grid search on top of Keras Tuner: spaces (TOML), trials that survive a kill, tables of results.

`space`, `space_file`, `results`, `tables` and `lock` are light; `oracle`, `hypermodel`, `tuner` and
`search` import Keras Tuner.
"""
