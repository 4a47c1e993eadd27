"""Provers: searches in floats and an exact search, and the certificate nodes that they lead to.  Nothing here is trusted.

Every prover proposes nodes; ``exactzones.checker.tree`` accepts or refuses them.
"""
