"""How texts are annotated unless somebody says otherwise. No imports: help texts show
these, and should not have to wait."""

# Documents in a shard.
SHARD_SIZE = 1000
# Words, or word pieces, in a padded batch.
BATCH_WORDS = 4096
# Tokens that a teacher reads at once, and how many of them two windows share.
WINDOW = 512
OVERLAP = 64
