"""For all of pytest: notebooks go through the book's own net; examples are the same each time."""

import hypothesis

pytest_plugins = ["tools.notebook_net"]

# A test that fails for one of us must fail for all of us, and on the commit that broke it.
hypothesis.settings.register_profile("reproducible", derandomize=True)
hypothesis.settings.load_profile("reproducible")
