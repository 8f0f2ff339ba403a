"""Named entity recognition: the `compact_ner` component, its model and tags."""
