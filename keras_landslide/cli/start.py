"""Where the command `keras-landslide` begins."""

from __future__ import annotations

from keras_landslide.runtime.huge_pages import restart_with_huge_pages


def start() -> None:
    """Run the command line, with huge pages where the system gives them on request."""
    restart_with_huge_pages()
    from keras_landslide.cli.main import main

    main()
