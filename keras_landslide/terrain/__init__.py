"""Terrain from an elevation array in metres: slope, aspect, curvature, relief, uphill offsets.

Every function takes elevation (height, width) with NaN for nodata and the cell size in the same
unit as the elevation, and gives an array of the same shape. A value that needs a neighbour beyond
the edge or a nodata neighbour is NaN, as in gdaldem by default. Rows run from north to south.

References:
    Horn, B. K. P. (1981). Hill shading and the reflectance map. Proceedings of the IEEE 69(1),
    14-47. doi:10.1109/PROC.1981.11918

    Zevenbergen, L. W., Thorne, C. R. (1987). Quantitative analysis of land surface topography.
    Earth Surface Processes and Landforms 12(1), 47-56. doi:10.1002/esp.3290120107
"""
