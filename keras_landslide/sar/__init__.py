"""Radar backscatter: units and speckle."""
