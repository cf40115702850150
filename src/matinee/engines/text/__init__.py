"""Text for the content engine: words, sentence embeddings without a deep-learning library, and their stand-in."""
