"""Class tables that come with the package, as CSV."""
