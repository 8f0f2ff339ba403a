"""Register the components of spacy-distill where it is part of a model package.

Where spacy-distill is installed, spaCy finds them by its entry points.
"""

import warnings
from importlib import import_module
from pkgutil import walk_packages

from packaging.version import Version
from spacy.util import registry

# Registered by an installed spacy-distill, and by each package that contains it.
_NAME = "spacy_distill.TokenClassifier.v1"


def register() -> None:
    """Register what is in this package, unless spaCy has it already.

    An installed spacy-distill takes precedence, so that its commands work with the
    pipeline, then the model package that was imported first. A name that is
    registered twice would be an error.
    """
    root = import_module(__package__)
    if _NAME not in registry.architectures:
        for module in walk_packages(root.__path__, f"{__package__}."):
            import_module(module.name)
        return
    registered = registry.architectures.get(_NAME).__module__
    other = import_module(registered.partition(".tasks.")[0])
    if Version(other.__version__) < Version(root.__version__):
        warnings.warn(
            f"{__package__.partition('.')[0]} was made with spacy-distill"
            f" {root.__version__} and now runs with {other.__version__}, which is"
            f" {other.__name__}: upgrade it if the pipeline cannot be loaded.",
            stacklevel=3,
        )
