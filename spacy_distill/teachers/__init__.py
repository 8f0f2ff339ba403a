"""Who knows: Docs in, logits over NER tags for every token out."""
