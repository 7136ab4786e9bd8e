"""Networks in ONNX files, which may come from strangers and run in a process of their own."""
