"""The nearest input in the norm infinity: descent from a witness, the exact foot, and the proof that nothing nearer fires."""
