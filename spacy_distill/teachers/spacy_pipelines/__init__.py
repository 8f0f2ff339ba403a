"""spaCy pipelines that teach: one file for each kind of component."""
