"""One layer a file: its parameters, its numpy forward, its torch forward."""
