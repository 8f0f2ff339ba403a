"""Files of pretrained word vectors, in the formats that they are published in."""
