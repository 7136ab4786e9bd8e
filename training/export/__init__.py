"""Trained networks for other programs: ONNX and safetensors."""
