"""The scripts beside this file are run by hand; pytest's search for doctests does not import them."""

collect_ignore = [
    "adapters.py",
    "backward.py",
    "distances.py",
    "engine.py",
    "failures.py",
    "features.py",
    "jobs.py",
    "many_inputs.py",
    "maxima.py",
    "measures.py",
    "onnx_files.py",
    "peers.py",
    "verifiers.py",
    "vnncomp.py",
]
