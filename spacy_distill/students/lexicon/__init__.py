"""Words of a lexicon in texts: matching, reading, vectors, and a layer of torch."""
