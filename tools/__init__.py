"""The commands of the book: each is run as `python -m tools.NAME`, most often by `make`."""
