"""The file under a GeoTIFF that is being written; it remembers the first failed write.

GDAL's threaded GeoTIFF writer can lose a failed write: on a full disk the data set closes without
an error and a block is cut short. Writing through this file, nothing is lost, libtiff prints no
lines of its own, and the error says exactly what the system said.
"""

from __future__ import annotations

import io
from typing import Any


class RecordingFile(io.FileIO):
    """An unbuffered file whose failed writes go to `failures` instead of raising into GDAL.

    Once a write has failed, later ones are dropped: the file is lost anyway.
    """

    def __init__(self, path: str, mode: str, failures: list[OSError]):
        super().__init__(path, mode)
        self._failures = failures

    def write(self, data: Any) -> int:
        """Write all of `data`, or record why that failed; GDAL is told that it went well."""
        view = memoryview(data).cast("B")
        done = 0
        while done < len(view) and not self._failures:
            try:
                done += super().write(view[done:])
            except OSError as error:
                self._failures.append(error)
        return len(view)
