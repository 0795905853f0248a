"""For all of pytest: notebooks go through the book's own net."""

pytest_plugins = ["tools.notebook_net"]
