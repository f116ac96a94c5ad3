"""The recipe of the shipped encoder: SpeechBrain trains, ONNX serves."""
