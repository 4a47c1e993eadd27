"""Work on several processes or machines: processes that are replaced when they die, and the calls that workers are busy with."""

from exactzones.parallel.driver import Driver
from exactzones.parallel.pieces import Pace, PieceResult
from exactzones.parallel.processes import Processes, processes
from exactzones.parallel.workers import Call, Workers, WorkersLostError, executor_of, worker_count

__all__ = [
    "Call",
    "Driver",
    "Pace",
    "PieceResult",
    "Processes",
    "Workers",
    "WorkersLostError",
    "executor_of",
    "processes",
    "worker_count",
]
