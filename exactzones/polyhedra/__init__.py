"""Convex polyhedra, exactly: both representations, linear programs with certificates, cells that can be cut."""

from exactzones.polyhedra.cells import Cell
from exactzones.polyhedra.lp import Infeasible, LPResult, Optimal, Unbounded
from exactzones.polyhedra.polyhedron import Box, Polyhedron, describe
from exactzones.polyhedra.representation import HRep, VRep

__all__ = ["Box", "Cell", "HRep", "Infeasible", "LPResult", "Optimal", "Polyhedron", "Unbounded", "VRep", "describe"]
