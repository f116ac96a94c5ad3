"""The recipe of the shipped Vosk model: synthetic and real speech in, a Kaldi model folder out."""
