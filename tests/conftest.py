"""What holds for all tests. What they share (`all_paths`, `small`, ...) lies beside."""

import os

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
