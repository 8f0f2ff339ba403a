"""What holds for all tests. What they share (`all_paths`, `small`, ...) lies beside."""

import os

import pytest
from hypothesis import settings

# Threads that wait for each other on busy cores make tiny models crawl. Set before
# torch is imported, and inherited by the processes that tests start.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Nor is a hub to be asked, which takes a minute to say that there is no network.
os.environ.setdefault("HF_HUB_OFFLINE", "1")

# A change is judged by the same examples each time; new ones are found at the desk.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")


@pytest.fixture(scope="module", params=["kernel", "numpy"])
def both_ways(request):
    """Run the tests of a module twice: with the compiled kernel, and in numpy alone."""
    # Not before the environment is set.
    from spacy_distill import kernel

    if request.param == "kernel" and kernel.get_kernel() is None:
        pytest.skip("the kernel is not built")
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "numpy":
            patch.setattr(kernel, "_kernel", None)
        yield
