"""`python -m spacy_distill`, the same as the command `spacy-distill`."""

from .cli.app import main

if __name__ == "__main__":
    main()
