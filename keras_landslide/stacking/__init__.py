"""From a scene recipe to one aligned band stack: `build.build_stack` does it all.

`target` chooses the grid; `sources`, `terrain` and `radar` bring each raster of the recipe onto it,
through working files kept by `working_files`; `build` assembles them into `stack.tif`.
"""
