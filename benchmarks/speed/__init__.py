"""How fast pipelines are, side by side: words a second, memory, size, time to load."""
