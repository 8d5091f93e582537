"""A Dask scheduler and workers in processes of their own, as on other machines."""

import re
import subprocess
import sys
import time


class Cluster:
    """Started by its making; `close` ends what is left of it.

    Attributes:
        address: of the scheduler.
        scheduler: its process.
        workers: theirs, in the order of `add_worker`.
    """

    def __init__(self, folder):
        self.folder = folder
        self.logs = (folder / "dask.log").open("w+")
        here = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
        self.scheduler = self._start("scheduler", *here)
        self.workers = []
        found = None
        while found is None and self.scheduler.poll() is None:
            time.sleep(0.1)
            found = re.search(r"tcp://127\.0\.0\.1:\d+", (folder / "dask.log").read_text())
        self.address = found[0]

    def _start(self, *arguments):
        command = [sys.executable, "-m", "dask", *arguments]
        return subprocess.Popen(command, stderr=self.logs, stdout=self.logs)

    def add_worker(self):
        folder = ["--local-directory", str(self.folder)]
        options = [*folder, "--no-dashboard", "--no-nanny", "--nthreads", "1"]
        self.workers.append(self._start("worker", self.address, *options))
        return self.workers[-1]

    def close(self):
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()
        self.logs.close()
