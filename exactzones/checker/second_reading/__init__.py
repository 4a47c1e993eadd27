"""A second, independent reader of ONNX files: a certificate is about the network only if both readers agree."""
