"""Teachers that predict with spaCy pipelines, one module for each kind of component."""
