from exactzones.engine.frontier import Floats, Integers, States
from exactzones.engine.kernel.schema import CutRequest, CutResult

REQUEST: list[tuple[str, int, str]]
RESULT: list[tuple[str, int, str]]
CONSTANTS: dict[str, float]

def cut(request: CutRequest, /) -> CutResult: ...
def expand(rows: Floats, parents: Integers, state: States, out: Floats, /) -> None: ...
