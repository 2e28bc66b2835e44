"""A snapshot asked for music: no PyTorch, only ONNX."""
