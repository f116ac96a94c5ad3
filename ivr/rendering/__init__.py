"""Making the built-in prompts: sentences to syllables, syllables to espeak-ng speech, speech to committed audio."""
