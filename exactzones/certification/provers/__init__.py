"""Searches in floats for a proof, and the nodes of the certificate that they lead to.  Nothing here is trusted."""
